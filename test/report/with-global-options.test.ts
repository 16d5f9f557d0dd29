import { describe, expect, it } from 'vitest';
import { renderText } from '../../src/report/format/text.ts';
import type { Report } from '../../src/report/report.ts';
import { type GlobalOption, withGlobalOptions } from '../../src/report/with-global-options.ts';
import { checkWith, plainStyle, reportWith } from './fixtures.ts';

const URL = ['--database-url', 'sqlite:///../h 1/mcp.db'] as const;
const ENV = ['--env-file', '/etc/gateway.env'] as const;
const URL_FILE = ['--database-url-file', '/run/secrets/url'] as const;

const next = (text: string, ...options: GlobalOption[]) =>
  withGlobalOptions(reportWith({ next: text }), options).next;

describe('withGlobalOptions', () => {
  it.each([
    ['mcpgw doctor --repair', "mcpgw doctor --database-url 'sqlite:///../h 1/mcp.db' --repair"],
    ['mcpgw status', "mcpgw status --database-url 'sqlite:///../h 1/mcp.db'"],
    ["sudo -u '#1000' mcpgw doctor", "sudo -u '#1000' mcpgw doctor --database-url 'sqlite:///../h 1/mcp.db'"],
    ["mcpgw doctor --database-url 'mysql://h/db'", "mcpgw doctor --database-url 'mysql://h/db'"],
    ['mcpgw verify --help', 'mcpgw verify --help'],
    ['chmod 600 /etc/mcpgw', 'chmod 600 /etc/mcpgw'],
    ['', ''],
  ])('%s', (given, expected) => {
    expect(next(given, URL)).toBe(expected);
  });

  it('repeats all that were given, but not beside a database that the command names itself', () => {
    expect(next('mcpgw fix --only roles', URL_FILE, ENV)).toBe(
      'mcpgw fix --database-url-file /run/secrets/url --env-file /etc/gateway.env --only roles',
    );
    expect(next("mcpgw doctor --database-url 'mysql://h/db'", URL_FILE, ENV)).toBe(
      "mcpgw doctor --env-file /etc/gateway.env --database-url 'mysql://h/db'",
    );
  });

  it('finds the commands of hints, sections, warnings and errors, and no others', () => {
    const report = reportWith({
      checks: [
        checkWith({
          hint: 'mcpgw migrate refuses this, or make it: mcpgw creates none.\nRun: mcpgw fix --only roles',
          command: 'mcpgw fix --only roles',
          findings: ['mcpgw migrate: lacks SELECT', 'roles: not there. Run: mcpgw migrate'],
        }),
      ],
      sections: [
        {
          id: 'backup',
          title: 'Backup',
          columns: ['what', 'value'],
          rows: [
            ['to go back', 'mcpgw restore /srv/a.json'],
            ['data.verify', 'mcpgw verify has no warnings'],
          ],
        },
      ],
      warnings: ['Repair them with: mcpgw fix --only foreign-keys.dangling'],
      error: { code: 'STATE', message: 'mcpgw fix', hint: 'Run: mcpgw migrate', details: [] },
    });
    const done = withGlobalOptions(report, [ENV]);
    const flag = '--env-file /etc/gateway.env';
    expect(done.checks[0]).toMatchObject({
      hint: `mcpgw migrate refuses this, or make it: mcpgw creates none.\nRun: mcpgw fix ${flag} --only roles`,
      command: `mcpgw fix ${flag} --only roles`,
      findings: ['mcpgw migrate: lacks SELECT', `roles: not there. Run: mcpgw migrate ${flag}`],
    });
    expect(done.sections[0]?.rows).toEqual([
      ['to go back', `mcpgw restore ${flag} /srv/a.json`],
      ['data.verify', 'mcpgw verify has no warnings'],
    ]);
    expect(done.warnings).toEqual([`Repair them with: mcpgw fix ${flag} --only foreign-keys.dangling`]);
    expect(done.error).toMatchObject({ message: 'mcpgw fix', hint: `Run: mcpgw migrate ${flag}` });
  });

  it('leaves a report as it is where none was given', () => {
    const report = reportWith({ next: 'mcpgw migrate' });
    expect(withGlobalOptions(report, [])).toBe(report);
  });
});

describe('commands in the text report', () => {
  const long = `mcpgw restore --database-url sqlite:///${'a/'.repeat(60)}mcp.db /srv/x.json`;
  const linesOf = (report: Report) => renderText(report, { ...plainStyle, width: 60 }).split('\n');

  it('stay on one line, in hints, errors and at the end of a row', () => {
    const hint = `A sentence that says what it means and is wrapped as all sentences are.\nRun: ${long}`;
    const failed = checkWith({ status: 'failed', count: 1, findings: ['x'], hint });
    expect(linesOf(reportWith({ checks: [failed] }))).toContainEqual(expect.stringMatching(`Run: ${long}$`));
    const error = { code: 'STATE', message: 'No.', hint: `Run: ${long}`, details: [] } as const;
    expect(linesOf(reportWith({ status: 'refused', error }))).toContainEqual(
      expect.stringMatching(`Run: ${long}$`),
    );
    const rows = [['to go back', long]];
    const section = { id: 's', title: 'S', columns: ['what', 'value'], rows };
    expect(linesOf(reportWith({ sections: [section] }))).toContainEqual(
      expect.stringMatching(`to go back +${long}$`),
    );
  });
});
