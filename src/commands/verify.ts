import { CHECKS } from '../checks/registry.ts';
import { selectChecks } from '../checks/select.ts';
import { runVerify } from '../checks/verify.ts';
import { ExitCode } from '../errors.ts';
import type { Io } from './io.ts';
import { needsMigration } from './needs-migration.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

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
    const checks = selectChecks(CHECKS, options.only, options.skip);
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
    const session = openSession(io, options, { credentials: 'optional' });
    open(session);
    return session.connect({ access: 'read', wait: options.wait }, async (db) => {
      const { settings } = session.loaded;
      const result = await runVerify(
        db,
        checks,
        { settings, overrides: {}, now: new Date() },
        session.progress,
      );
      const { release } = result;
      session.found(release);
      const fixable = result.checks.some((check) => check.status === 'failed' && check.fixable);
      // What state it is in, and that nothing can be done with it here, is a finding of its own.
      const unknown = release.release === 'unknown';
      const next = unknown
        ? ''
        : release.release !== '0.7.0' || (!fixable && result.checks.some(needsMigration))
          ? 'mcpgw migrate'
          : fixable
            ? 'mcpgw fix'
            : '';
      return {
        exitCode: result.clean ? ExitCode.ok : ExitCode.findings,
        checks: result.checks,
        next: result.clean ? '' : next,
      };
    });
  });
}
