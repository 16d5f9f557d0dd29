import { basename, resolve } from 'node:path';
import { besideNoRun } from '../backup/beside-no-run.ts';
import { findBackup } from '../backup/find-backup.ts';
import { type ListedBackup, listBackups } from '../backup/list-backups.ts';
import { readBeforeBackup } from '../backup/read-before-backup.ts';
import { releaseLabel } from '../backup/release-label.ts';
import { takeBackup } from '../backup/take-backup.ts';
import { openBackupTool } from '../database/open-backup-tool.ts';
import { ExitCode, errorText, GatewayError } from '../errors.ts';
import { openToOthers } from '../files/open-to-others.ts';
import { releaseOf } from '../migrate/read-release.ts';
import { readRevisions, refuseMissingTables } from '../migrate/state.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import { backupSection, backupStep } from './backup-report.ts';
import { backupRequest } from './backup-request.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

export interface BackupOptions extends GlobalOptions {
  readonly backupDir?: string;
  readonly keep?: number;
  readonly list?: boolean;
  readonly verify?: boolean;
  /** Seconds. */
  readonly lockTimeout: number;
  /** Seconds. */
  readonly wait?: number;
}

/** Makes a verified backup of the database, or lists those there are. */
export function backup(io: Io, options: BackupOptions): Promise<ExitCode> {
  return runCommand('backup', io, options, async ({ open }) => {
    if (options.list === true && options.keep !== undefined) throw nothingRemovedByList();
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    return options.list === true ? list(session, options) : make(session, options);
  });
}

function nothingRemovedByList(): GatewayError {
  return new GatewayError('USAGE', '--keep does not go with --list, which removes nothing.', {
    hint: 'To take a backup and remove older ones, leave out --list. Nothing was changed.',
  });
}

function make(session: Session, options: BackupOptions): Promise<Outcome> {
  const { io, progress } = session;
  const lock = {
    timeoutMs: options.lockTimeout * 1000,
    onWait: (holder: string) => progress.log(`Waiting for ${holder} …`),
    signal: io.signal,
  };
  return session.connect({ access: 'read', wait: options.wait }, (db) =>
    besideNoRun(db, lock, async () => {
      await readBeforeBackup(db, async (schema) => {
        refuseMissingTables(schema, await readRevisions(db, schema));
        session.found(await releaseOf(db, schema));
      });
      const made = await takeBackup(backupRequest(session, db, options));
      session.found(made.state);
      return {
        exitCode: ExitCode.ok,
        steps: [backupStep(made)],
        sections: [backupSection(made)],
        warnings: made.warnings,
      };
    }),
  );
}

/** Does not connect: a list is wanted most when the database is gone. */
async function list({ io, loaded, progress, warn }: Session, options: BackupOptions): Promise<Outcome> {
  const { target } = loaded;
  const tool = await openBackupTool({ target, cwd: io.cwd, env: io.env, progress, signal: io.signal });
  const place = options.backupDir === undefined ? tool.defaultDirectory : resolve(io.cwd, options.backupDir);
  const risk = openToOthers(place);
  if (risk !== null) warn(risk);
  const rows: (string | number)[][] = [];
  let damaged = false;
  for (const listed of listBackups(place, new Date())) {
    const problem = options.verify === true ? await verified(listed, place, io, progress) : listed.problem;
    damaged ||= listed.manifest !== null && problem !== '';
    rows.push(row(listed, problem, options.verify === true));
  }
  return {
    exitCode: damaged ? ExitCode.findings : ExitCode.ok,
    sections: [
      {
        id: 'backups',
        title: `Backups in ${place}`,
        columns: ['manifest', 'made (UTC)', 'at', 'release', 'size', 'rows', 'state'],
        rows,
      },
    ],
  };
}

async function verified(
  { path, problem }: ListedBackup,
  place: string,
  { cwd, signal }: Io,
  progress: Session['progress'],
): Promise<string> {
  if (problem !== '') return problem;
  try {
    await findBackup({ name: path, cwd, place, progress, signal });
    return '';
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'CORRUPT') throw error;
    return errorText(error);
  }
}

function row({ path, manifest }: ListedBackup, problem: string, wasVerified: boolean): (string | number)[] {
  if (manifest === null) return [basename(path), '', '', '', '', '', problem];
  return [
    basename(path),
    // To the minute: the seconds are in the name of the manifest, as the database is. Two columns, since one so
    // wide would be broken where there is little room.
    manifest.createdAt.slice(0, 10),
    manifest.createdAt.slice(11, 16),
    releaseLabel(manifest),
    inMegabytes(manifest.bytes),
    Object.values(manifest.rows).reduce((sum, n) => sum + n, 0),
    problem || (wasVerified ? 'whole, hash verified' : 'whole'),
  ];
}
