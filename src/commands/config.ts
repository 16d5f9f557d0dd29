import { ExitCode } from '../errors.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

/** Prints every setting with its effective value and where it came from; secrets are masked. */
export function config(io: Io, options: GlobalOptions): Promise<ExitCode> {
  return runCommand('config', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional', purpose: 'read' });
    open(session);
    const rows = [...session.loaded.sources].map(([name, { value, source, detail }]) => [
      name,
      value,
      detail === '' ? source : `${source} (${detail})`,
    ]);
    return {
      exitCode: ExitCode.ok,
      sections: [{ id: 'settings', title: 'Settings', columns: ['variable', 'value', 'from'], rows }],
    };
  });
}
