import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { isEmpty } from '../change/change.ts';
import { readDocument } from '../configuration/import/check-document.ts';
import { importing } from '../configuration/import/import.ts';
import { mapping } from '../configuration/import/owners.ts';
import { problems } from '../configuration/import/problems.ts';
import { readJsonFile } from '../configuration/import/read-file.ts';
import { refuseOtherKey, withStoredSecrets } from '../configuration/import/secrets.ts';
import { selected } from '../configuration/import/select-source.ts';
import type { Source } from '../configuration/import/source.ts';
import type { SelectionOptions } from '../configuration/selection.ts';
import { ExitCode, GatewayError } from '../errors.ts';
import { readProblem, readSmallFile } from '../files/read-small-file.ts';
import { mcpgw } from '../report/advice.ts';
import { hashPassword } from '../seed/password.ts';
import type { Settings } from '../settings/settings.ts';
import { type ChangeOptions, makeChange } from './change-command.ts';
import type { Flags } from './flag-words.ts';
import { importLines, importSections } from './import-report.ts';
import type { Io } from './io.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

export interface ImportOptions
  extends ChangeOptions,
    Pick<SelectionOptions, 'type' | 'only' | 'tag' | 'activeOnly' | 'withDependencies'> {
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

/** Brings a configuration into the database, or shows with `--dry-run` how it would. */
export function importFile(io: Io, options: ImportOptions, file: string): Promise<ExitCode> {
  return runCommand('import', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const { settings } = session.loaded;
    const now = new Date();
    const wrong = problems();
    const mapTeam = mapping('--map-team', options.mapTeam ?? [], wrong);
    const mapOwner = mapping('--map-owner', options.mapOwner ?? [], wrong);
    session.progress.start('Reading the file');
    const json = await readJsonFile(file, io.cwd);
    const read = readDocument(json, file, settings.gatewayToolNameSeparator, now);
    checkOptions(options, read, wrong);
    const secrets = {
      ours: settings.authEncryptionSecret,
      theirs: secretIn(options.sourceSecretFile, io.cwd),
    };
    refuseOtherKey(read, secrets);
    const source = withStoredSecrets(selected(read, selectionIn(options)), secrets, wrong);
    wrong.refuse('USAGE', 'The import cannot be made like this.', 'Nothing was changed.');
    session.progress.done();
    const flags = flagsOf(options);
    const isAll = options.verbose === true || options.format === 'json';
    const change = importing(
      {
        ...{ source, mapTeam, mapOwner, settings, now },
        mode: options.mode,
        prune: options.prune ?? false,
        owning: options,
        secret: secrets.ours,
        password: await unknownPassword(source, settings),
      },
      [file],
    );
    return makeChange(session, options, {
      change,
      flags,
      question: 'Import this now?',
      describe: (plan) => [...importLines(plan), ...plan.warnings],
      planned: (plan) => ({
        sections: importSections(plan, isAll),
        warnings: plan.warnings,
        ...(isEmpty(plan) ? { next: mcpgw('verify') } : {}),
      }),
      done: ({ plan, warnings }) => ({
        exitCode: ExitCode.ok,
        sections: importSections(plan, isAll),
        warnings,
        next: mcpgw('verify'),
      }),
    });
  });
}

function checkOptions(
  options: ImportOptions,
  { kind, isPart }: Source,
  wrong: ReturnType<typeof problems>,
): void {
  const { mode, prune = false } = options;
  if (!prune) return;
  if (mode !== 'replace') wrong.add('--prune', 'it goes with --mode replace only');
  if (kind === 'gateway')
    wrong.add('--prune', 'the gateway’s own document lacks much of what a gateway has: it would be deleted');
  else if (isPart) wrong.add('--prune', 'the file is a selection: what it lacks of a type would be deleted');
  const { type: _type, ...narrower } = selectionIn(options);
  if (Object.values(narrower).some((value) => value !== undefined))
    wrong.add(
      '--prune',
      'what the file lacks is known for whole types only: of a selection it goes with --type',
    );
}

function selectionIn(options: ImportOptions): SelectionOptions {
  const { type, only, tag, activeOnly, withDependencies, fromTeam, fromOwner, fromVisibility } = options;
  return Object.fromEntries(
    Object.entries({
      type,
      only,
      tag,
      activeOnly,
      withDependencies,
      team: fromTeam,
      owner: fromOwner,
      visibility: fromVisibility,
    }).filter(([, value]) => value !== undefined),
  );
}

/** Options that decide what is done, for the command that does what a dry run showed. */
function flagsOf(options: ImportOptions): Flags {
  return {
    '--mode': options.mode === 'merge' ? undefined : options.mode,
    '--prune': options.prune,
    '--map-team': options.mapTeam,
    '--map-owner': options.mapOwner,
    '--team': options.team,
    '--owner': options.owner,
    '--visibility': options.visibility,
    '--source-secret-file': options.sourceSecretFile,
    '--type': options.type,
    '--only': options.only,
    '--tag': options.tag,
    '--from-team': options.fromTeam,
    '--from-owner': options.fromOwner,
    '--from-visibility': options.fromVisibility,
    '--active-only': options.activeOnly,
    '--with-dependencies': options.withDependencies,
  };
}

function secretIn(file: string | undefined, cwd: string): string | null {
  if (file === undefined) return null;
  try {
    const secret = readSmallFile(resolve(cwd, file))
      .toString()
      .replace(/\r?\n$/, '');
    if (secret !== '') return secret;
  } catch (cause) {
    throw new GatewayError('SECRET_FILE', `--source-secret-file ${file}: ${readProblem(cause)}.`, { cause });
  }
  throw new GatewayError('SECRET_FILE', `--source-secret-file ${file}: it is empty.`);
}

/** One for all: nobody has ever seen it. */
async function unknownPassword({ accounts }: Source, settings: Settings) {
  const isNeeded = (accounts.email_users ?? []).some(
    ({ password_hash }) => typeof password_hash !== 'string',
  );
  return isNeeded
    ? hashPassword(randomBytes(32).toString('base64url'), settings)
    : { hash: '', type: 'argon2id' as const };
}
