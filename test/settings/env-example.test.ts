import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderEnvExample } from '../../src/settings/env-example.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const file = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
const lines = file.split('\n');

/** Every `NAME=default`, commented out or not, with the line before it. */
const found = lines.flatMap((line, index) => {
  const match = /^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
  return match === null ? [] : [{ name: match[1], default: match[2], before: lines[index - 1] }];
});

describe('.env.example', () => {
  it('names every variable once, with its default and its meaning', () => {
    const expected = VARIABLES.map((variable) => ({
      name: variable.name,
      default: variable.default,
      before: `# ${variable.meaning}`,
    }));
    expect(found).toEqual(expected);
  });

  it('is what the list of variables renders to', () => {
    expect(file).toBe(renderEnvExample());
  });

  it('sets no credentials when it is copied as it is', () => {
    expect(file).not.toMatch(/^(?:PLATFORM_ADMIN_\w+|\w*SECRET|DATABASE_URL)\w*=/m);
  });
});

describe('the list of variables', () => {
  it('has unique names, one-line meanings and defaults its own schemas take', () => {
    expect(new Set(VARIABLES.map(({ name }) => name)).size).toBe(VARIABLES.length);
    for (const variable of VARIABLES) {
      expect(variable.meaning, variable.name).toMatch(/^\S[^\n]{5,100}\S$/);
      expect(variable.schema.safeParse(variable.default).success, variable.name).toBe(true);
    }
  });

  it('marks every secret', () => {
    const secrets = VARIABLES.filter(({ secret }) => secret).map(({ name }) => name);
    expect(secrets).toEqual(
      VARIABLES.map(({ name }) => name).filter((name) => /SECRET|^DATABASE_URL$|ADMIN_PASSWORD$/.test(name)),
    );
  });
});
