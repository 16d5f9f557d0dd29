import { DATA_CHECKS } from '../checks/data-checks.ts';
import { nextCommand } from '../checks/next-command.ts';
import { selectChecks } from '../checks/select.ts';
import { runVerify } from '../checks/verify.ts';
import { ExitCode } from '../errors.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';
import { setAsideWarnings } from './set-aside-warnings.ts';

export interface VerifyOptions extends GlobalOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly list?: boolean;
  /** Seconds. */
  readonly wait?: number;
}

/** Runs the checks and reports what they find. Writes nothing. */
export function verify(io: Io, options: VerifyOptions): Promise<ExitCode> {
  return runCommand('verify', io, options, async ({ open }) => {
    const checks = selectChecks(DATA_CHECKS, options.only, options.skip);
    if (options.list === true) {
      const rows = checks.map(({ id, level, repair, title }) => [
        id,
        level,
        repair === undefined ? '' : 'fix',
        title,
      ]);
      return {
        exitCode: ExitCode.ok,
        sections: [
          { id: 'checks', title: 'Checks', columns: ['id', 'level', 'repair', 'what it checks'], rows },
        ],
      };
    }
    const session = await openSession(io, options, { credentials: 'optional', purpose: 'read' });
    open(session);
    return session.connect({ access: 'read', wait: options.wait }, async (db) => {
      const { settings } = session.loaded;
      const result = await runVerify(
        db,
        checks,
        { settings, overrides: {}, verbose: options.verbose, now: new Date() },
        session.progress,
      );
      const { release, migrated, setAside } = result;
      session.found(release);
      return {
        exitCode: result.clean ? ExitCode.ok : ExitCode.findings,
        checks: result.checks,
        warnings: setAsideWarnings(setAside),
        next: result.clean ? undefined : nextCommand(release.release, result.checks, migrated, setAside),
      };
    });
  });
}
