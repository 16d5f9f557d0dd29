import { closeSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type BackupTool, openBackupTool, type RestoreScriptRequest } from '../database/backup-tool.ts';
import type { Connection } from '../database/connection.ts';
import type { LockDescription, Server, UnfinishedRestore } from '../database/dialect.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { rowCounts } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import { backUpUntouched, type UntouchedCopy } from './back-up-untouched.ts';
import { type ComparedTable, compareTables } from './compare-tables.ts';
import { damagedFolder } from './damaged-folder.ts';
import { type FoundBackup, findBackup } from './find-backup.ts';
import { hasRows } from './has-rows.ts';
import { isOfSamePlace } from './is-of-same-database.ts';
import { preflightBackup, refuseWithoutRoom } from './preflight-backup.ts';
import { readBeforeBackup } from './read-before-backup.ts';
import { refusedDependents } from './refuse-dependents.ts';
import { type Backup, type TakeBackup, writeBackup } from './take-backup.ts';

export interface RestoreContext extends Omit<TakeBackup, 'keep'> {
  /** What was typed: a manifest, a backup, or the name of one in the folder of backups. */
  readonly name: string;
  /** Whether the present state is backed up first. */
  readonly backup: boolean;
  readonly lockTimeoutMs: number;
  /** Reaches the database as the other commands do. */
  readonly connect: <T>(use: (db: Connection) => Promise<T>) => Promise<T>;
  /** Asked before anything is locked or written; false stops it. */
  readonly confirm: (plan: RestorePlan) => Promise<boolean>;
}

export interface RestorePlan {
  readonly backup: FoundBackup;
  /** The name of the database that is replaced. */
  readonly database: string;
  /** The URL of the database that the backup is of, where it is another than the one whose rows it replaces. */
  readonly from: string | null;
  readonly release: string;
  readonly tables: readonly ComparedTable[];
  /** What it locks; null where there is no database yet that could be. */
  readonly locks: LockDescription | null;
  /** All or nothing: nobody sees it half done, and a failure leaves the present state. */
  readonly isTransaction: boolean;
  /** Where the present state is kept, or null when it is not. */
  readonly safety: { readonly place: string; readonly bytes: number } | null;
  /** Why the present state could not be read; empty when it could. Then `safety` is a copy byte for byte. */
  readonly damage: string;
  /** The restore that made the present state and did not come to its end: half a database is not worth keeping. */
  readonly unfinished: UnfinishedRestore | null;
}

/** For `--dry-run`. */
export interface PlannedRestore extends RestorePlan {
  /** What a run sends; empty where it is no SQL. */
  readonly statements: readonly string[];
  /** Why a run would refuse. */
  readonly refusal: GatewayError | null;
}

export interface RestoreResult {
  readonly plan: RestorePlan;
  readonly safety: Backup | null;
  /** The present state as it was, byte for byte, where it was too damaged for a backup. */
  readonly untouched: UntouchedCopy | null;
  /** What was not brought back, a sentence each. */
  readonly warnings: readonly string[];
  readonly durationMs: number;
}

interface Present {
  readonly locks: LockDescription | null;
  readonly isTransaction: boolean;
  readonly server: Server | null;
  readonly rows: ReadonlyMap<string, number>;
  readonly state: Release;
  readonly safety: RestorePlan['safety'];
  readonly damage: string;
  readonly unfinished: RestorePlan['unfinished'];
}

/**
 * What a restore would do, after every check that can be made without writing: the backup is whole, fits this
 * database, and the programs and the space that it needs are there.
 *
 * @throws GatewayError; nothing was changed
 */
export async function planRestore(context: RestoreContext): Promise<PlannedRestore> {
  const { plan, tool, present } = await prepare(context, PATIENCE_MS);
  const request = requestOf(plan, context);
  return {
    ...plan,
    statements: await tool.restoreStatements(request),
    refusal:
      (await refusalOf(plan, tool, request)) ??
      (present.server === null ? null : await tool.rehearse(request)),
  };
}

/**
 * Replaces the database by a backup, after keeping its present state as another, and compares the rows.
 *
 * @throws GatewayError with exit code 2 when nothing was changed; PARTIAL, naming the backup of the present
 *   state, when the database could not take it back
 */
export async function restoreBackup(context: RestoreContext): Promise<RestoreResult> {
  const { plan, tool, present } = await prepare(context);
  const refusal = await refusalOf(plan, tool, requestOf(plan, context));
  if (refusal !== null) throw refusal;
  if (!(await context.confirm(plan))) {
    throw new GatewayError('CANCELLED', 'You did not type the database’s name.', {
      hint: 'Nothing was changed.',
    });
  }
  const since = performance.now();
  let safety = null as Backup | null;
  let untouched: UntouchedCopy | null = null;
  const handles: number[] = [];
  const warnings: string[] = [];
  try {
    await tool.restore({
      ...requestOf(plan, context),
      warn: (text) => warnings.push(text),
      async beforeReplacing(dump) {
        if (plan.unfinished !== null) throw wasEnded();
        if (plan.safety === null) return null;
        const { place } = plan.safety;
        const server = present.server === null ? '' : `${present.server.product} ${present.server.version}`;
        if (dump !== null && present.damage === '') {
          try {
            safety = await writeBackup({ ...context, keep: null }, { tool, place, server, dump });
            return safety.manifest;
          } catch (error) {
            if (!isDamage(error) || context.target.dialect !== 'sqlite') throw error;
            // Its pages are worse than was seen before.
          }
        }
        if (context.target.dialect !== 'sqlite') return null;
        const path = realpathSync(context.target.path);
        untouched = await backUpUntouched(
          {
            path,
            folder: present.damage === '' ? damagedFolder(place, context.now) : place,
            signal: context.signal,
          },
          handles,
        );
        return null;
      },
    });
  } catch (error) {
    throw withSafety(error, plan.backup.manifestPath, safety?.manifest ?? plan.unfinished?.safety ?? null);
  } finally {
    for (const handle of handles) closeSync(handle);
  }
  return { plan, safety, untouched, warnings, durationMs: Math.round(performance.now() - since) };
}

function requestOf(plan: RestorePlan, { lockTimeoutMs }: RestoreContext): RestoreScriptRequest {
  const { manifest, manifestPath, file } = plan.backup;
  return {
    file,
    manifest: manifestPath,
    sha256: manifest.sha256,
    server: manifest.source.server,
    notes: manifest.notes,
    rows: new Map(Object.entries(manifest.rows)),
    replaced: replacedTables(plan),
    lockTimeoutMs,
  };
}

async function refusalOf(
  { release, backup }: RestorePlan,
  tool: BackupTool,
  request: RestoreScriptRequest,
): Promise<GatewayError | null> {
  const canRollBack = release === '0.7.0' && backup.manifest.release !== release;
  return refusedDependents(await tool.dependents(request), canRollBack);
}

/** Tables that are there now and go: those of the backup and of the gateway. */
export function replacedTables({ tables }: Pick<RestorePlan, 'tables'>): string[] {
  return tables.filter(({ what }) => what === 'replaced' || what === 'dropped').map(({ table }) => table);
}

async function prepare(
  context: RestoreContext,
  tableWaitMs?: number,
): Promise<{ plan: RestorePlan; tool: BackupTool; present: Present }> {
  const { target, name, cwd, directory, progress, signal, warn } = context;
  const tool = await openBackupTool(context);
  const place = directory === null ? tool.defaultDirectory : resolve(cwd, directory);
  const backup = await findBackup({ name, cwd, place, progress, signal, warn });
  const { source } = backup.manifest;
  if (source.dialect !== target.dialect) {
    throw doesNotFit(`it is of ${source.server}, and DATABASE_URL leads to ${target.dialect}`);
  }
  if (Object.keys(backup.manifest.rows).length === 0) {
    throw new GatewayError('CORRUPT', `The manifest of the backup ${backup.file} names no table.`, {
      hint: 'Restoring it would empty the database; use another backup: mcpgw backup --list. Nothing was changed.',
    });
  }
  const present = await readPresent(context, place, tableWaitMs);
  await tool.preflightRestore(present.server);
  const refusal = await tool.refusal({ server: source.server, notes: backup.manifest.notes }, present.server);
  if (refusal !== null) throw doesNotFit(refusal);
  const rows = new Map(Object.entries(backup.manifest.rows));
  return {
    tool,
    present,
    plan: {
      backup,
      database: tool.database,
      from:
        (present.damage === '' && !hasRows(present.rows)) ||
        isOfSamePlace(source, { dialect: target.dialect, url: target.maskedUrl })
          ? null
          : source.url,
      release: present.state.release,
      tables: compareTables(
        present.damage === '' ? present.rows : null,
        rows,
        GATEWAY_TABLES,
        tool.replacesEverything,
      ),
      locks: present.locks,
      isTransaction: present.isTransaction,
      safety: present.safety,
      damage: present.damage,
      unfinished: present.unfinished,
    },
  };
}

/** Elsewhere a run is seen as a whole or not at all. */
async function waitForRuns(
  db: Connection,
  { lockTimeoutMs, progress, signal }: RestoreContext,
  tableWaitMs = lockTimeoutMs,
): Promise<void> {
  if (db.dialect.transactionalDdl) return;
  const timeoutMs = Math.min(lockTimeoutMs, tableWaitMs);
  const onWait = (holder: string) => progress.log(`Waiting for ${holder} …`);
  await db.dialect.beginRun(db, { timeoutMs, peek: true, onWait, signal });
  await db.dialect.endRun(db, false);
}

const UNKNOWN: Release = { release: 'unknown', revision: '', unfinished: false };

async function readPresent(
  context: RestoreContext,
  place: string,
  tableWaitMs: number | undefined,
): Promise<Present> {
  try {
    return await context.connect(async (db) => {
      await waitForRuns(db, context, tableWaitMs);
      const { rows, state, unfinished } = await readBeforeBackup(
        db,
        async (schema) => {
          const unfinished = await db.dialect.unfinishedRestore(db);
          const rows = await rowCounts(db, [...schema.keys()]);
          return { rows, unfinished, state: unfinished === null ? await releaseOf(db, schema) : UNKNOWN };
        },
        tableWaitMs,
      );
      const needed = context.backup && hasRows(rows) && unfinished === null;
      const safety = needed ? await preflightBackup({ ...context, db }) : null;
      return {
        server: db.dialect.server,
        locks: db.dialect.locks,
        isTransaction: db.dialect.transactionalDdl,
        rows,
        state,
        safety: safety === null ? null : { place: safety.place, bytes: safety.bytes },
        damage: '',
        unfinished,
      };
    });
  } catch (error) {
    const nothing = {
      server: null,
      locks: null,
      // A file, which is swapped.
      isTransaction: true,
      rows: new Map(),
      state: UNKNOWN,
      safety: null,
      unfinished: null,
    };
    if (!(error instanceof GatewayError) || context.target.dialect !== 'sqlite') throw error;
    if (error.code === 'NO_DATABASE') return { ...nothing, damage: '' };
    if (!isDamage(error)) throw error;
    if (!context.backup) return { ...nothing, damage: error.message };
    const { path } = context.target;
    const { sqliteBytes } = await import('../database/sqlite/backup.ts');
    const bytes = sqliteBytes(path);
    await refuseWithoutRoom(place, bytes, context);
    return { ...nothing, safety: { place: damagedFolder(place, context.now), bytes }, damage: error.message };
  }
}

/** Whether it is the file itself that cannot be read as a database. */
function isDamage(error: unknown): boolean {
  return error instanceof GatewayError && (error.code === 'CORRUPT' || error.code === 'NOT_A_DATABASE');
}

/** The other restore was only waited for, and there is a whole database again. */
function wasEnded(): GatewayError {
  return new GatewayError('STATE', 'Another restore has come to its end meanwhile.', {
    hint: 'Look at the database (mcpgw status), and run this restore again if it is still wanted. Nothing was changed.',
  });
}

function doesNotFit(why: string): GatewayError {
  return new GatewayError('STATE', `This backup cannot be restored here: ${why}.`, {
    hint: 'Point DATABASE_URL at a database of the same kind. Nothing was changed.',
  });
}

/** Names the way back where something was changed. */
function withSafety(error: unknown, backup: string, safety: string | null): unknown {
  if (!(error instanceof GatewayError) || error.code !== 'PARTIAL') return error;
  const back =
    safety === null
      ? 'Run the same restore again.'
      : advise`Run the same restore again, or go back to where you were: ${mcpgw('restore', safety)}`;
  return new GatewayError('PARTIAL', error.message, {
    hint: back,
    next: mcpgw('restore', backup),
    details: error.details,
    cause: error,
  });
}
