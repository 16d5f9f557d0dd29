import { describe, expect, it } from 'vitest';
import {
  advise,
  afterwards,
  type Command,
  commandsIn,
  ended,
  joined,
  linesOf,
  mapParts,
  mcpgw,
  nextIn,
  sentences,
  shell,
  sqlCommand,
  withGlobalOptions,
} from '../../src/report/advice.ts';
import { renderText } from '../../src/report/format/text.ts';
import { RENDERERS } from '../../src/report/render.ts';
import type { Draft } from '../../src/report/report.ts';
import { checkWith, plainStyle, reportWith } from './fixtures.ts';

const URL = ['--database-url', 'sqlite:///../h 1/mcp.db'] as const;
const ENV = ['--env-file', '/etc/gateway.env'] as const;
const URL_FILE = ['--database-url-file', '/run/secrets/url'] as const;

describe('withGlobalOptions', () => {
  it.each<[command: Command | undefined, expected: string]>([
    [mcpgw('doctor', '--repair'), "mcpgw doctor --database-url 'sqlite:///../h 1/mcp.db' --repair"],
    [mcpgw('status'), "mcpgw status --database-url 'sqlite:///../h 1/mcp.db'"],
    [
      mcpgw('doctor').with({ user: '#1000' }),
      "sudo -u '#1000' mcpgw doctor --database-url 'sqlite:///../h 1/mcp.db'",
    ],
    [mcpgw('doctor', '--database-url', 'mysql://h/db'), 'mcpgw doctor --database-url mysql://h/db'],
    [mcpgw('verify', '--help'), 'mcpgw verify --help'],
    [mcpgw('--help'), 'mcpgw --help'],
    [shell('chmod 600 /etc/mcpgw'), 'chmod 600 /etc/mcpgw'],
    [sqlCommand('SELECT 1;', 'SELECT 2;'), 'SELECT 1; SELECT 2;'],
  ])('%s', (given, expected) => {
    expect(`${withGlobalOptions(given!, [URL])}`).toBe(expected);
  });

  it('repeats all that were given, but not beside a database that the command names itself', () => {
    expect(`${withGlobalOptions(mcpgw('fix', '--only', 'roles'), [URL_FILE, ENV])}`).toBe(
      'mcpgw fix --database-url-file /run/secrets/url --env-file /etc/gateway.env --only roles',
    );
    const named = mcpgw('doctor', '--database-url', 'mysql://h/db');
    expect(`${withGlobalOptions(named, [URL_FILE, ENV])}`).toBe(
      'mcpgw doctor --env-file /etc/gateway.env --database-url mysql://h/db',
    );
  });
});

describe('advice', () => {
  const text = advise`Look: ${mcpgw('doctor')}.\n\n${2} ways on. Run: ${joined([advise`a ${mcpgw('fix')}`, ''], '; ')}`;

  it('is words with commands among them', () => {
    expect(`${text}`).toBe('Look: mcpgw doctor.\n\n2 ways on. Run: a mcpgw fix');
    expect(commandsIn(text).map(String)).toEqual(['mcpgw doctor', 'mcpgw fix']);
    expect(linesOf(text).map(String)).toEqual(['Look: mcpgw doctor.', '2 ways on. Run: a mcpgw fix']);
    const louder = mapParts(
      text,
      (words) => words.toUpperCase(),
      (command) => command.with({ words: ['x'] }),
    );
    expect(`${louder}`).toBe('LOOK: mcpgw x.\n\n2 WAYS ON. RUN: A mcpgw x');
  });

  it('says what to run next: its first command that waits for nothing else', () => {
    expect(nextIn(text)?.is('doctor')).toBe(true);
    expect(nextIn(advise`Set it, then run: ${afterwards(mcpgw('migrate'))}`)).toBeUndefined();
    expect(nextIn('mcpgw migrate')).toBeUndefined();
  });
});

describe('commands in a report', () => {
  const long = mcpgw('restore', '--database-url', `sqlite:///${'a/'.repeat(60)}mcp.db`, '/srv/x.json');
  const linesIn = (report: Draft) => renderText(report, { ...plainStyle, width: 60 }).split('\n');
  const ending = (text: string) => expect.stringMatching(`${text}$`);

  it('stay on one line, in hints, errors and at the end of a row', () => {
    const hint = advise`A sentence that says what it means and is wrapped as all sentences are.\nRun: ${long}`;
    const failed = { ...checkWith({ status: 'failed', count: 1, findings: ['x'] }), hint };
    expect(linesIn({ ...reportWith({}), checks: [failed] })).toContainEqual(ending(`Run: ${long}`));
    const error = { code: 'STATE', message: 'No.', hint: advise`Run: ${long}`, details: [] } as const;
    expect(linesIn({ ...reportWith({ status: 'refused' }), error })).toContainEqual(ending(`Run: ${long}`));
    const section = { id: 's', title: 'S', columns: ['what', 'value'], rows: [['to go back', long]] };
    expect(linesIn({ ...reportWith({}), sections: [section] })).toContainEqual(ending(`to go back +${long}`));
  });

  it('stand on a line of their own behind a longer sentence', () => {
    const error = {
      code: 'STATE',
      message: 'No.',
      hint: advise`To do it all again, run: ${long}`,
      details: [],
    } as const;
    const lines = linesIn({ ...reportWith({ status: 'refused' }), error });
    expect(lines).toContainEqual(ending('To do it all again, run:'));
    expect(lines).toContainEqual(ending(` {2}${long}`));
  });

  it('are never shortened', () => {
    const endless = mcpgw('restore', `/${'a'.repeat(300)} b`);
    const section = { id: 's', title: 'S', columns: ['value'], rows: [[endless]] };
    const report = { ...reportWith({}), sections: [section], warnings: [advise`Run: ${endless}`] };
    for (const render of Object.values(RENDERERS)) {
      expect(render(report, plainStyle).replaceAll(/\s+/g, '')).toContain('a'.repeat(300));
    }
  });
});

it('what stands behind a command begins a sentence of its own', () => {
  const look = advise`Look at it: ${mcpgw('doctor')}`;
  expect(`${sentences(look, 'Nothing was changed.', '')}`).toBe(
    'Look at it: mcpgw doctor. Nothing was changed.',
  );
  expect(`${sentences('Nothing was changed.', look)}`).toBe('Nothing was changed. Look at it: mcpgw doctor');
  expect(['It is so', 'Is it?', 'These:'].map((text) => ended(text))).toEqual([
    'It is so.',
    'Is it?',
    'These:',
  ]);
});
