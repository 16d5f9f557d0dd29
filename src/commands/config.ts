import { ExitCode } from '../errors.ts';
import { section } from '../report/section.ts';
import { ssoWarnings } from '../seed/sso-warnings.ts';
import { type WantedProvider, wantedProviders } from '../seed/wanted-providers.ts';
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
    const { settings } = session.loaded;
    return {
      exitCode: ExitCode.ok,
      sections: [
        { id: 'settings', title: 'Settings', columns: ['variable', 'value', 'from'], rows },
        ...section(
          'sso',
          'Providers of single sign-on that these settings make',
          ['provider', 'column', 'value'],
          wantedProviders(settings).flatMap(providerRows),
        ),
      ],
      warnings: ssoWarnings(settings).map((line) => `Single sign-on: ${line}.`),
    };
  });
}

function providerRows({ id, row, secret }: WantedProvider): string[][] {
  const shown = { ...row, client_secret: secret === '' ? '' : '***' };
  return Object.entries(shown).map(([column, value]) => [id, column, value === null ? '' : String(value)]);
}
