import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { HAS_TERMINAL, startOnTerminal } from '../support/terminal.ts';
import { describeDatabases, SHORT } from './describe-databases.ts';
import { endState, held, smallV060, undisturbed } from './kill-support.ts';
import { at, until } from './lock-support.ts';

/** What the shell of the terminal does about SIGHUP: hand it on as an interactive one does, or nothing. */
const SHELL = {
  'handed on': { trap: 'kill -HUP $pid; : > $told', exitCode: 143 },
  ignored: { trap: '', exitCode: 0 },
} as const;

describeDatabases(SHORT, 'a terminal that is closed during a run', ({ id, dialect }) => {
  for (const [what, { trap, exitCode }] of Object.entries(SHELL)) {
    test.skipIf(!HAS_TERMINAL)(`SIGHUP ${what}: it comes to its own end, exit ${exitCode}`, async () => {
      const { end } = await undisturbed(id);
      const database = await smallV060(id);
      const before = await endState(database);
      const folder = temporaryFolder();
      const [code, report, told] = ['code', 'report.json', 'told'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const hook = held(database.url, { at: 6 });
      const terminal = startOnTerminal(
        ['migrate', '--yes', '--no-backup', '--format', 'json', '--output', report],
        hook.env ?? {},
        (command) =>
          `told=${told}; trap '${trap}' HUP; ${command} & pid=$!; wait $pid; wait $pid; echo $? > ${code}`,
      );
      await until(() => terminal.screen().includes('[hook]'));
      terminal.close();
      // The run goes on once it was sent the signal.
      if (trap !== '') await until(() => existsSync(told));
      hook.letGo();
      await until(() => existsSync(code) && readFileSync(code, 'utf8').endsWith('\n'));
      expect(Number(readFileSync(code, 'utf8'))).toBe(exitCode);
      expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ exitCode });
      if (exitCode !== 0 && dialect !== 'mysql') expect(await endState(database)).toEqual(before);
      expect((await spawnCli(['migrate', '--no-backup'], at(database))).exitCode).toBe(0);
      expect(await endState(database)).toEqual(end);
    });
  }
});
