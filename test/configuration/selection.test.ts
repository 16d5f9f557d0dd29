import { describe, expect, it } from 'vitest';
import {
  type Candidate,
  keyOf,
  needsOf,
  type SelectionOptions,
  selectionOf,
} from '../../src/configuration/selection.ts';
import { GatewayError } from '../../src/errors.ts';

const row = (table: Candidate['table'], id: string | number, more: Partial<Candidate> = {}): Candidate => ({
  table,
  id,
  label: `${id}`,
  tags: [],
  team: [],
  owner: null,
  visibility: null,
  active: true,
  needs: [],
  ...more,
});

const ROWS = [
  row('global_config', 1, { label: '' }),
  row('gateways', 'g1', { label: 'Alpha', tags: ['prod'], team: ['t1', 'engineering'] }),
  row('tools', 'x1', { label: 'get-time', needs: ['gateways:g1'], owner: 'alice@example.org' }),
  row('tools', 'x2', { label: 'get-weather', active: false, visibility: 'team' }),
  row('tools', 'x3', { label: 'set*time', tags: ['prod', 'eu'] }),
  row('resources', 7, { label: 'file:///a:b' }),
  row('servers', 's1', { label: 'Main', needs: ['tools:x1', 'resources:7', 'tools:gone'] }),
];

const selected = (options: SelectionOptions) => [...(selectionOf(options)?.select(ROWS) ?? ['all'])].sort();

describe('a selection', () => {
  it.each<[string, SelectionOptions, string[]]>([
    ['nothing asked', {}, ['all']],
    [
      'a type by its table, its word and its plural',
      { type: ['gateways', 'Server', 'global-config'] },
      ['gateways:g1', 'global_config:1', 'servers:s1'],
    ],
    ['a glob', { only: ['tool:get-*'] }, ['tools:x1', 'tools:x2']],
    ['one character', { only: ['tool:get-tim?'] }, ['tools:x1']],
    ['an id', { only: ['tool:x3', 'resource:7'] }, ['resources:7', 'tools:x3']],
    ['a name with a colon', { only: ['resource:file:///a:b'] }, ['resources:7']],
    ['any of the tags', { tag: ['eu', 'prod'] }, ['gateways:g1', 'tools:x3']],
    ['a team by slug', { team: ['engineering'] }, ['gateways:g1']],
    ['a team by id', { team: ['t1'] }, ['gateways:g1']],
    ['an owner', { owner: ['alice@example.org'] }, ['tools:x1']],
    ['a visibility', { visibility: ['team'] }, ['tools:x2']],
    ['active rows of a type', { type: ['tools'], activeOnly: true }, ['tools:x1', 'tools:x3']],
    ['what is wanted of both', { type: ['gateways'], only: ['gateway:*', 'tool:x1'] }, ['gateways:g1']],
    [
      'what it needs, to the end',
      { only: ['server:Main'], withDependencies: true },
      ['gateways:g1', 'resources:7', 'servers:s1', 'tools:x1'],
    ],
  ])('%s', (_what, options, keys) => {
    expect(selected(options)).toEqual(keys);
  });

  it('finds a name with a star by itself', () => {
    expect(selected({ only: ['tool:set*time'] })).toEqual(['tools:x3']);
  });

  it('refuses every name that nothing has, at once, with the nearest', () => {
    const refusal = (options: SelectionOptions): GatewayError => {
      try {
        selected(options);
      } catch (error) {
        if (error instanceof GatewayError) return error;
      }
      throw new Error('it was not refused');
    };
    expect(refusal({ type: ['tols'] })).toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/there is no type “tols”. Nearest: tool/),
    });
    expect(refusal({ type: ['x'], only: ['tool', 'bogus:y'] }).details).toEqual([
      expect.stringMatching(/^--type: there is no type “x”/),
      '--only tool: write tool:NAME or tool:ID.',
      expect.stringMatching(/^--only bogus:y: there is no type “bogus”/),
    ]);
    expect(refusal({ only: ['tool:get-wether', 'server:q'], tag: ['prd'], owner: ['bob'] }).details).toEqual([
      '--only tool:get-wether: there is no such tool. Nearest: get-weather.',
      '--only server:q: there is no such server.',
      '--tag prd: no row has it. Nearest: prod.',
      '--owner bob: no row has it.',
    ]);
  });

  it('reads what a row of a document needs', () => {
    const server = { gateway_id: null, tools: [{ id: 'x', name: 'X' }], prompts: [{ id: 3, name: 'P' }] };
    expect(needsOf(server)).toEqual(['tools:x', 'prompts:3']);
    expect(needsOf({ gateway_id: 'g' })).toEqual([keyOf({ table: 'gateways', id: 'g' })]);
  });

  it.each<SelectionOptions>([
    { visibility: ['private'] },
    { type: ['servers'], only: ['tool:x1'] },
    { only: ['tool:x1'], tag: ['prod'] },
  ])('that leaves nothing is refused: %o', (options) => {
    expect(() => selected(options)).toThrow('The selection matches no row.');
    expect([...(selectionOf({ ...options, tag: [], only: [] })?.select([]) ?? [])]).toEqual([]);
  });
});
