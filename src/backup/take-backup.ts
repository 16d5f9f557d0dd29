import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupTool } from '../database/backup-tool.ts';
import { GatewayError } from '../errors.ts';
import { giveName, writeNewFile } from '../files/new-file.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { BackupContext, ConnectedBackupContext } from './backup-context.ts';
import { claimFile, writeClaim } from './claim.ts';
import { folderAdvice } from './folder-advice.ts';
import { listBackups } from './list-backups.ts';
import { MANIFEST_FORMAT, type Manifest } from './manifest.ts';
import { type BackupBeforeUpgrade, newestBeforeUpgrade } from './newest-before-upgrade.ts';
import { preflightBackup } from './preflight-backup.ts';
import { releaseLabel } from './release-label.ts';
import { removeAbandoned } from './remove-abandoned.ts';
import { removeOldBackups } from './remove-old-backups.ts';
import { sha256OfFile } from './sha256-of-file.ts';
import { timeLabel } from './time-label.ts';

export interface TakeBackup extends BackupContext {
  /** Absolute; the `.env` in use, which is copied beside the backup. */
  readonly envFile: string | null;
  /** How many backups of this database stay; null keeps all. */
  readonly keep: number | null;
  readonly now: Date;
  readonly toolVersion: string;
}

export interface Backup {
  /** Absolute. */
  readonly file: string;
  readonly manifest: string;
  readonly envFile: string | null;
  readonly bytes: number;
  readonly sha256: string;
  /** Rows of each table. */
  readonly rows: ReadonlyMap<string, number>;
  readonly durationMs: number;
  /** Older backups that `keep` made go. */
  readonly removed: readonly string[];
  /** What would keep this user from restoring it. */
  readonly warnings: readonly string[];
  /** What it is of. */
  readonly state: Release;
  /** The newest whole backup of this database from before its upgrade; null when there is none in the folder. */
  readonly beforeUpgrade: BackupBeforeUpgrade | null;
}

/**
 * Makes a backup that was read back and checked. Every file appears under its name only when it is whole and on
 * disk, the manifest last; what was begun is removed when it fails.
 *
 * @throws GatewayError; the database is not changed by any of it
 */
export async function takeBackup(context: TakeBackup & ConnectedBackupContext): Promise<Backup> {
  const { tool, place } = await preflightBackup(context);
  const { product, version } = context.db.dialect.server;
  return writeBackup(context, { tool, place, server: `${product} ${version}`, dump: tool.dump });
}

export interface BackupSource {
  readonly tool: BackupTool;
  readonly place: string;
  readonly server: string;
  /** What copies the database. */
  readonly dump: BackupTool['dump'];
}

/** The part of `takeBackup` after its checks. */
export async function writeBackup(
  context: TakeBackup,
  { tool, place, server, dump }: BackupSource,
): Promise<Backup> {
  const { target, envFile, now, toolVersion, progress, signal } = context;
  const since = performance.now();
  const isNewPlace = !existsSync(place);
  const drafts: string[] = [];
  const finished: string[] = [];
  try {
    if (isNewPlace) mkdirSync(place, { recursive: true, mode: 0o700 });
    const source = { dialect: target.dialect, server, database: tool.database, url: target.maskedUrl };
    const claimed = (label: string): string => {
      const stem = claimStem(place, source, label, now);
      drafts.push(claimFile(place, stem));
      return stem;
    };
    const draft = (name: string, content: string | Buffer = ''): string => {
      const path = join(place, `${name}.part`);
      writeNewFile(path, content);
      drafts.push(path);
      return path;
    };
    const finish = (name: string, from = join(place, `${name}.part`)): string => {
      const path = join(place, name);
      giveName(from, path);
      finished.push(path);
      return path;
    };

    const dumped = draft(`${claimed('draft')}.${tool.extension}`);
    let state: Release = { release: 'unknown', revision: '', unfinished: false };
    const { rows, notes, warnings } = await dump(dumped, async (db) => {
      state = await releaseOf(db, await db.dialect.readSchema(db));
    });
    const stem = claimed(releaseLabel(state, '-unfinished') || 'unknown');
    const names = {
      file: `${stem}.${tool.extension}`,
      env: envFile === null ? null : `${stem}.env`,
      manifest: `${stem}.json`,
    };
    progress.start('Hashing the backup (MB)');
    const sha256 = await sha256OfFile(dumped, progress, signal);
    const { size } = statSync(dumped);
    const file = finish(names.file, dumped);
    if (envFile !== null && names.env !== null) {
      draft(names.env, readFileSync(envFile));
      finish(names.env);
    }
    const manifest: Manifest = {
      formatVersion: MANIFEST_FORMAT,
      tool: { name: 'mcpgw', version: toolVersion },
      createdAt: now.toISOString(),
      source,
      release: state.release,
      revision: state.revision,
      unfinished: state.unfinished,
      file: names.file,
      bytes: size,
      sha256,
      envFile: names.env,
      rows: Object.fromEntries(rows),
      notes: { ...notes },
    };
    draft(names.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
    const manifestPath = finish(names.manifest);
    for (const path of drafts) rmSync(path, { force: true });
    progress.done();
    removeAbandoned(place, source, now);
    const removed = context.keep === null ? [] : removeOldBackups(place, manifest, context.keep, now);
    return {
      file,
      manifest: manifestPath,
      envFile: names.env === null ? null : join(place, names.env),
      bytes: size,
      sha256,
      rows,
      durationMs: Math.round(performance.now() - since),
      removed,
      warnings,
      state,
      beforeUpgrade: newestBeforeUpgrade(listBackups(place, now), source),
    };
  } catch (error) {
    for (const path of [...drafts, ...finished]) rmSync(path, { force: true });
    for (const path of drafts)
      for (const suffix of ['-journal', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    if (isNewPlace) removeIfEmpty(place);
    throw writeError(error, place, context) ?? withAdvice(error);
  }
}

function removeIfEmpty(place: string): void {
  try {
    rmdirSync(place);
  } catch {
    // Never made, or somebody put something there.
  }
}

/**
 * Takes the name of a backup for this process: `mcpgw-<database>-<UTC time>-<release>`, with `-unfinished` for an
 * unfinished upgrade (`draft` until that is known), and a number when another backup of the same second is there.
 */
function claimStem(place: string, source: Manifest['source'], label: string, now: Date): string {
  const time = timeLabel(now);
  const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  const stem = `mcpgw-${plain(source.database)}-${time}-${plain(label)}`;
  const taken = (name: string) =>
    ['json', 'db', 'dump', 'sql.gz'].some((ext) =>
      ['', '.part'].some((part) => existsSync(join(place, `${name}.${ext}${part}`))),
    );
  for (let n = 1; ; n++) {
    const name = n === 1 ? stem : `${stem}-${n}`;
    if (!taken(name) && writeClaim(claimFile(place, name), source)) return name;
  }
}

/** What goes wrong with a client program does not say itself what that means for the database. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.code !== 'FAILED' || error.hint !== '') return error;
  return new GatewayError('FAILED', error.message, {
    hint: 'There is no backup. Run the command again. The database was not changed.',
    details: error.details,
    cause: error,
  });
}

function writeError(
  error: unknown,
  place: string,
  context: Pick<BackupContext, 'canGoWithout'>,
): GatewayError | null {
  const { code = '', path = '', syscall } = error as NodeJS.ErrnoException;
  const full = error instanceof GatewayError ? error.code === 'DISK_FULL' : /^(ENOSPC|EDQUOT)$/.test(code);
  if (full) {
    return new GatewayError('DISK_FULL', `The disk of ${place} is full; the unfinished backup was removed.`, {
      hint: folderAdvice(context, { isFull: true }),
      cause: error,
    });
  }
  // Where a folder cannot be made, that is what it is called: a link that leads nowhere, a disk that went read-only.
  if (code === 'ENOENT' && syscall !== 'mkdir' && path.startsWith(place)) {
    const message = `Somebody removed the unfinished backup, or its folder: ${place}.`;
    return new GatewayError('FAILED', message, {
      hint: 'Run the command again. Nothing was changed.',
      cause: error,
    });
  }
  if (/^(EACCES|EPERM|EROFS|ENOENT)$/.test(code)) {
    return new GatewayError('PERMISSION', `Backups cannot be written to ${place} (${code}).`, {
      hint: folderAdvice(context),
      cause: error,
    });
  }
  return null;
}
