import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { isEmpty } from '../change/change.ts';
import { importing } from '../configuration/import/import.ts';
import { refuseUnmapped } from '../configuration/import/owners.ts';
import { type Problems, problems } from '../configuration/import/problems.ts';
import { readJsonFile } from '../configuration/import/read-file.ts';
import { readSource, type Source } from '../configuration/import/read-source.ts';
import { refuseOtherKey, withStoredSecrets } from '../configuration/import/secrets.ts';
import { selected } from '../configuration/import/select-source.ts';
import type { SelectionOptions } from '../configuration/selection.ts';
import { ExitCode } from '../errors.ts';
import { mcpgw } from '../report/advice.ts';
import { section } from '../report/section.ts';
import { hashPassword } from '../seed/password.ts';
import { readSecretFile } from '../settings/secret-file.ts';
import type { Settings } from '../settings/settings.ts';
import { type ChangeOptions, makeChange } from './change-command.ts';
import { flagWords } from './flag-words.ts';
import { importLines, importSections } from './import-report.ts';
import type { Io } from './io.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

/** Options of its own. */
interface OwnOptions
  extends Pick<SelectionOptions, 'type' | 'only' | 'tag' | 'activeOnly' | 'withDependencies'> {
  readonly mode: 'merge' | 'replace';
  readonly prune?: boolean;
  readonly mapTeam?: readonly string[];
  readonly mapOwner?: readonly string[];
  readonly team?: string;
  readonly owner?: string;
  readonly visibility?: string;
  /** Rows that the file says are of these. */
  readonly fromTeam?: readonly string[];
  readonly fromOwner?: readonly string[];
  readonly fromVisibility?: readonly string[];
  readonly sourceSecretFile?: string;
}

export type ImportOptions = ChangeOptions & OwnOptions;

const FLAGS: Readonly<Record<keyof OwnOptions, `--${string}`>> = {
  ...{ mode: '--mode', prune: '--prune', mapTeam: '--map-team', mapOwner: '--map-owner' },
  ...{ team: '--team', owner: '--owner', visibility: '--visibility', type: '--type', only: '--only' },
  ...{ fromTeam: '--from-team', fromOwner: '--from-owner', fromVisibility: '--from-visibility' },
  ...{ tag: '--tag', activeOnly: '--active-only', withDependencies: '--with-dependencies' },
  sourceSecretFile: '--source-secret-file',
};

/** Brings a configuration into the database, or shows with `--dry-run` how it would. */
export function importFile(io: Io, options: ImportOptions, file: string): Promise<ExitCode> {
  return runCommand('import', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const { settings } = session.loaded;
    session.progress.start('Reading the file');
    const read = readSource(await readJsonFile(file, io.cwd), file, settings.gatewayToolNameSeparator);
    const { sourceSecretFile: from } = options;
    const secrets = {
      ours: settings.authEncryptionSecret,
      theirs: from === undefined ? null : readSecretFile(resolve(io.cwd, from)),
    };
    refuseOtherKey(read, secrets);
    const wrong = problems();
    const source = withStoredSecrets(selected(read, selectionIn(options)), secrets, wrong);
    const mapTeam = mapping('--map-team', options.mapTeam, wrong);
    const mapOwner = mapping('--map-owner', options.mapOwner, wrong);
    checkPrune(options, read, wrong);
    wrong.refuse('USAGE', 'The import cannot be made like this.', 'Nothing was changed.');
    refuseUnmapped(read, { mapOwner, mapTeam });
    session.progress.done();
    const password = await unknownPassword(source, settings);
    const { mode, prune = false } = options;
    const isAll = options.verbose === true || options.format === 'json';
    return makeChange(session, options, {
      change: importing({
        ...{ source, mode, prune, mapTeam, mapOwner, settings, password },
        ...{
          owning: options,
          secret: secrets.ours,
          now: new Date(),
          command: mcpgw('import', file, ...wordsOf(options)),
        },
      }),
      flags: {},
      question: 'Import this now?',
      describe: (plan) => [...importLines(plan), ...plan.warnings],
      planned: (plan) => ({
        sections: [...importSections(plan, isAll), ...(isEmpty(plan) ? NOTHING : [])],
        warnings: plan.warnings,
        ...(isEmpty(plan) ? { next: mcpgw('verify') } : {}),
      }),
      done: ({ plan, warnings, changed }) => ({
        ...{ exitCode: ExitCode.ok, warnings, next: mcpgw('verify') },
        sections: [...importSections(plan, isAll), ...(changed ? [] : NOTHING)],
      }),
    });
  });
}

const NOTHING = section('changes', 'What is written', ['what'], [['Nothing: all of it is here already.']]);

/** What the options were, for a command that does the same again. */
function wordsOf(options: ImportOptions): string[] {
  const names = Object.keys(FLAGS) as (keyof OwnOptions)[];
  return names.flatMap((name) => {
    // A name may have a comma.
    const values = name === 'only' ? (options.only ?? []) : [options[name]];
    return values.flatMap((value) => flagWords({ [FLAGS[name]]: value }));
  });
}

/** What an export calls `--team`, `--owner`, `--visibility` says here whose rows become. */
function selectionIn(options: ImportOptions): SelectionOptions {
  const { type, only, tag, activeOnly, withDependencies, fromTeam, fromOwner, fromVisibility } = options;
  const all = { type, only, tag, activeOnly, withDependencies };
  const given = { ...all, team: fromTeam, owner: fromOwner, visibility: fromVisibility };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function checkPrune(options: ImportOptions, { kind, isPart }: Source, wrong: Problems): void {
  if (options.prune !== true) return;
  if (options.mode !== 'replace') wrong.add('--prune', 'it goes with --mode replace');
  const { type: _whole, ...narrower } = selectionIn(options);
  if (kind === 'gateway')
    wrong.add('--prune', 'the gateway’s own document lacks much of what a gateway has: it would be deleted');
  else if (isPart || Object.keys(narrower).length > 0)
    wrong.add('--prune', 'what a part lacks may be wanted all the same: it goes with whole types (--type)');
}

/** `old=new`, each. */
function mapping(option: string, pairs: readonly string[] = [], wrong: Problems): Map<string, string> {
  const parts = pairs.map((pair) => pair.split('='));
  for (const [i, part] of parts.entries())
    if (part.length !== 2 || part.includes('')) wrong.add(option, `“${pairs[i]}” is not OLD=NEW`);
  return new Map(parts as [string, string][]);
}

/** One for all who need one: nobody has ever seen it. */
async function unknownPassword({ rows }: Source, settings: Settings) {
  const isNeeded = rows.email_users?.some((user) => typeof user.password_hash !== 'string') ?? false;
  const password = randomBytes(32).toString('base64url');
  return isNeeded ? hashPassword(password, settings) : { hash: '', type: 'argon2id' as const };
}
