import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sampleSize } from '../checks/sample-size.ts';
import { documentText, type ExportRequest, readExported } from '../configuration/export.ts';
import { gatewayDocumentText, placedInGateway } from '../configuration/gateway-export.ts';
import { readTeams } from '../configuration/read-rows.ts';
import type { SecretOptions } from '../configuration/secrets.ts';
import { type SelectionOptions, selectionOf } from '../configuration/selection.ts';
import type { Connection } from '../database/connection.ts';
import { refuseWhenStopped } from '../database/refuse-when-stopped.ts';
import { ExitCode, errorText, GatewayError } from '../errors.ts';
import { readRevisions, recogniseState, type State } from '../migrate/state.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { section } from '../report/section.ts';
import type { Schema } from '../schema/model.ts';
import { DEFAULT_ENCRYPTION_SECRET } from '../settings/gateway-secrets.ts';
import { readSecretFile } from '../settings/secret-file.ts';
import { VERSION } from '../version.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { type OutputFile, type OutputKind, openOutputFile } from './output-file.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

export interface ExportOptions extends GlobalOptions, SelectionOptions {
  /** Where the document goes; `-` or none is standard output. */
  readonly file?: string;
  readonly withTeams?: boolean;
  readonly withCredentials?: boolean;
  readonly secrets: SecretOptions['mode'];
  readonly newSecretFile?: string;
  readonly for: 'mcpgw' | 'gateway';
  /** Seconds. */
  readonly wait?: number;
}

const DOCUMENT: OutputKind = {
  what: 'document',
  another: 'Name another file',
  place: 'Name a file in a folder that exists and is writable.',
  isOwn: (beginning) =>
    /^\{\n {2}"(?:format": "mcpgw-configuration"|version": "2025-03-26",\n {2}"exported_at")/.test(beginning),
};

/** Writes the configuration of a gateway as one document. Writes nothing to the database. */
export function exportConfiguration(io: Io, options: ExportOptions): Promise<ExitCode> {
  const { file = '-' } = options;
  const isPiped = file === '-';
  return runCommand('export', io, options, async ({ open, aside }) => {
    if (isPiped) aside();
    refuseOptions(options, isPiped);
    const selection = selectionOf(options);
    const newSecret =
      options.newSecretFile === undefined ? '' : readSecretFile(resolve(io.cwd, options.newSecretFile));
    const output = isPiped ? standardOutput(io) : await openOutputFile(DOCUMENT, file, io, options);
    try {
      const session = await openSession(io, options, { credentials: 'optional', purpose: 'read' });
      open(session);
      const secrets = {
        mode: options.secrets,
        secret: session.loaded.settings.authEncryptionSecret,
        newSecret,
      };
      refuseEmptySecret(secrets);
      return await session.connect({ access: 'read', wait: options.wait }, (db) =>
        write(session, options, { db, output, selection, secrets }),
      );
    } catch (error) {
      output.abandon();
      throw error;
    }
  });
}

function refuseOptions(options: ExportOptions, isPiped: boolean): void {
  const gateway = options.for === 'gateway';
  const wrong = [
    [options.force === true && isPiped && options.output === undefined, '--force goes with a file.'],
    [
      options.secrets === 'rekey' && options.newSecretFile === undefined,
      '--secrets rekey needs --new-secret-file.',
    ],
    [
      options.secrets !== 'rekey' && options.newSecretFile !== undefined,
      '--new-secret-file goes with --secrets rekey.',
    ],
    [
      options.withCredentials === true && options.withTeams !== true,
      '--with-credentials goes with --with-teams.',
    ],
    [
      gateway && options.withTeams === true,
      'The gateway’s document has no users and teams: leave out --with-teams.',
    ],
    [
      gateway && options.secrets === 'plain',
      'The gateway’s document has secrets encrypted: leave out --secrets plain.',
    ],
  ] as const;
  const [first, ...more] = wrong.flatMap(([is, message]) => (is ? [message] : []));
  if (first === undefined) return;
  throw new GatewayError('USAGE', first, {
    details: more,
    hint: advise`See how it is used: ${mcpgw('export', '--help')}`,
  });
}

function refuseEmptySecret({ mode, secret }: SecretOptions): void {
  if (secret !== '' || mode === 'omit') return;
  throw new GatewayError('SETTINGS', 'AUTH_ENCRYPTION_SECRET is empty: nothing can be encrypted with it.', {
    hint: 'Set it to what the gateway has; or leave the secrets out: --secrets omit.',
  });
}

interface Work {
  readonly db: Connection;
  readonly output: OutputFile & Partial<Pick<Standard, 'flush'>>;
  readonly selection: ExportRequest['selection'];
  readonly secrets: SecretOptions;
}

async function write(session: Session, options: ExportOptions, work: Work): Promise<Outcome> {
  const { db, output, selection, secrets } = work;
  const { io, progress } = session;
  const since = performance.now();
  const notes = notesUpTo(sampleSize(options.verbose === true));
  // All of it is of one moment.
  await db.dialect.beginRead(db);
  const schema = await db.dialect.readSchema(db);
  const { release, revision, ...state } = await stateOf(db, schema);
  session.found({ release, revision });
  if (options.withTeams === true && release === '0.6.0') throw noTeams();
  const request: ExportRequest = {
    source: { db, schema, release, teams: await readTeams({ db, schema, release }) },
    selection,
    withTeams: options.withTeams === true,
    withCredentials: options.withCredentials === true,
    secrets,
    note: notes.add,
    progress,
  };
  const all = await readExported(request);
  const exported = options.for === 'gateway' ? await placedInGateway(request, all) : all;
  const rows = exported.reduce((sum, { ids }) => sum + ids.length, 0);
  progress.start('Writing the configuration', rows);
  try {
    const [exportedAt, host] = [new Date().toISOString(), hostname()];
    const texts =
      options.for === 'gateway'
        ? gatewayDocumentText(request, exported, {
            exportedAt,
            host,
            activeOnly: options.activeOnly === true,
            tags: options.tag ?? [],
          })
        : documentText(request, exported, {
            exportedAt,
            tool: { name: 'mcpgw', version: VERSION },
            source: { revision, host },
            selection: selectionWords(options),
          });
    for await (const text of texts) {
      // SQLite answers at once: else nobody would hear of a signal.
      await (output.flush?.() ?? setImmediate());
      refuseWhenStopped(io.signal);
      output.write(text);
    }
    await output.flush?.();
    output.end();
  } catch (error) {
    throw asOutputError(error, options.file);
  }
  await db.dialect.endRead(db);
  progress.done();
  return {
    exitCode: ExitCode.ok,
    steps: [
      {
        id: 'export',
        title: 'Write the configuration',
        status: 'done',
        rows,
        durationMs: performance.now() - since,
      },
    ],
    sections: section(
      'exported',
      'Exported',
      ['type', 'rows'],
      exported.map(({ type, ids }) => [type.table, ids.length]),
    ),
    warnings: [...state.warnings, ...secretWarnings(secrets), ...notes.lines()],
  };
}

/** A release that has a configuration. Throws STATE for others. */
async function stateOf(db: Connection, schema: Schema) {
  const state: State = recogniseState(schema, await readRevisions(db, schema), true);
  const { release, revision, description, unfinished } = state;
  if (release !== '0.6.0' && release !== '0.7.0') {
    throw new GatewayError('STATE', `The database is ${description}: there is nothing to export.`, {
      hint: 'Check that DATABASE_URL points at the gateway’s database.',
    });
  }
  const warnings = unfinished
    ? [
        advise`The database is ${description}: what is exported is what v${release} has. To go on with it: ${mcpgw('migrate')}`,
      ]
    : [];
  return { release, revision, warnings } as const;
}

function noTeams(): GatewayError {
  return new GatewayError('STATE', 'v0.6.0 has no users and teams.', { hint: 'Leave out --with-teams.' });
}

function secretWarnings({ mode, secret }: SecretOptions): Text[] {
  if (mode === 'plain')
    return [
      'The credentials are in the document as plain text (--secrets plain): whoever reads it has them.',
    ];
  if (mode !== 'keep' || secret !== DEFAULT_ENCRYPTION_SECRET) return [];
  return [
    'AUTH_ENCRYPTION_SECRET is the gateway’s default, which everybody knows: whoever has the document can read the credentials in it.',
  ];
}

/** The options that a selection was made with, as they are given. */
function selectionWords(options: SelectionOptions): string[] | null {
  const lists = (['type', 'only', 'tag', 'team', 'owner', 'visibility'] as const).flatMap((name) =>
    (options[name] ?? []).map((value) => `--${name} ${value}`),
  );
  const words = [...lists, ...(options.activeOnly === true ? ['--active-only'] : [])];
  if (words.length === 0) return null;
  return [...words, ...(options.withDependencies === true ? ['--with-dependencies'] : [])];
}

/** Lines for people, each once, so many of them. */
function notesUpTo(most: number) {
  const lines: string[] = [];
  let more = 0;
  return {
    add(line: string) {
      if (lines.length < most) lines.push(line);
      else more += 1;
    },
    lines: () => (more === 0 ? lines : [...lines, `… and ${more} more; --verbose shows up to 1,000.`]),
  };
}

type Standard = Required<Io['stdout']>;

function standardOutput({ stdout }: Io): Work['output'] {
  return {
    write: (text) => void stdout.write(text),
    flush: async () => stdout.flush?.(),
    end() {},
    abandon() {},
  };
}

/** A disk that is full, or a reader that is gone, is no error of this program. */
function asOutputError(error: unknown, file = '-'): unknown {
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (error instanceof GatewayError || (syscall !== 'write' && code !== 'EPIPE')) return error;
  const place = file === '-' ? 'standard output' : file;
  return new GatewayError('OUTPUT', `The document could not be written to ${place}: ${errorText(error)}.`, {
    hint: 'What there is of it is not whole.',
    cause: error,
  });
}
