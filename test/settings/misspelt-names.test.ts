import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance } from '../../src/settings/edit-distance.ts';
import { GATEWAY_SECRETS } from '../../src/settings/gateway-secrets.ts';
import { misspeltNames } from '../../src/settings/misspelt-names.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const KNOWN = [...VARIABLES, ...GATEWAY_SECRETS].map(({ name }) => name);

/** The nearest name, by counting every one. */
function nearest(name: string): string | null {
  const near = KNOWN.map((known) => ({ known, distance: editDistance(name, known, 99) }))
    .filter(({ known, distance }) => distance <= (known.length < 10 ? 1 : 2))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.distance === 0 ? null : (near[0]?.known ?? null);
}

const letter = fc.constantFrom(...'AELRSTU_X');

/** A known name after up to three slips. */
const slipped = fc
  .tuple(
    fc.constantFrom(...KNOWN),
    fc.array(fc.tuple(fc.constantFrom('in', 'out', 'other', 'swap'), fc.nat(30), letter), { maxLength: 3 }),
  )
  .map(([known, slips]) =>
    slips.reduce((name, [kind, where, by]) => {
      const at = where % (name.length + 1);
      if (kind === 'in') return name.slice(0, at) + by + name.slice(at);
      if (kind === 'out') return name.slice(0, at) + name.slice(at + 1);
      if (kind === 'other') return name.slice(0, at) + by + name.slice(at + 1);
      return name.slice(0, at) + (name[at + 1] ?? '') + (name[at] ?? '') + name.slice(at + 2);
    }, known),
  )
  .filter((name) => name !== '');

it('finds in the environment what counting every name finds', () => {
  fc.assert(
    fc.property(slipped, (name) => {
      const meant = nearest(name);
      const expected = meant === null || meant.length < 10 ? [] : [{ name, meant }];
      const found = misspeltNames(null, { [name]: 'x' }, () => false);
      expect(found.map((each) => ({ name: each.name, meant: each.meant }))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
