import { closeSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BackupTool, Dependent, RestoreScriptRequest } from '../database/backup-tool.ts';
import type { Connection } from '../database/connection.ts';
import type { LockDescription, Server, UnfinishedRestore } from '../database/dialect.ts';
import { openBackupTool } from '../database/open-backup-tool.ts';
import { rowCounts } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import { releaseOf } from '../migrate/read-release.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import { backUpUntouched, type UntouchedCopy } from './back-up-untouched.ts';
import { damagedFolder } from './damaged-folder.ts';
import { type FoundBackup, findBackup } from './find-backup.ts';
import { hasRows } from './has-rows.ts';
import { isOfSamePlace } from './is-of-same-database.ts';
import { preflightBackup, refuseWithoutRoom } from './preflight-backup.ts';
import { readBeforeBackup } from './read-before-backup.ts';
import { type Backup, type TakeBackup, writeBackup } from './take-backup.ts';

export interface RestoreContext extends Omit<TakeBackup, 'keep'> {
  /** What was typed: a manifest, a backup, or the name of one in the folder of backups. */
  readonly name: string;
  /** Whether the present state is backed up first. */
  readonly backup: boolean;
  readonly lockTimeoutMs: number;
  /** How long a table that somebody has locked is waited for, where that is not the usual time. */
  readonly tableWaitMs?: number | undefined;
  /** Reaches the database as the other commands do. */
  readonly connect: <T>(use: (db: Connection) => Promise<T>) => Promise<T>;
  /** Asked before anything is locked or written; false stops it. */
  readonly confirm: (plan: RestorePlan) => Promise<boolean>;
}

interface ComparedTable {
  readonly table: string;
  /** Null: the table is not there. */
  readonly now: number | null;
  /** Null: the backup does not have it. */
  readonly backup: number | null;
  /** `restored`: what is there now cannot be read. */
  readonly what: 'replaced' | 'created' | 'dropped' | 'kept' | 'restored';
}

/** What is there now. */
interface Present {
  /** Null where there is no database yet, or none that can be read. */
  readonly server: Server | null;
  /** What a restore locks; null likewise. */
  readonly locks: LockDescription | null;
  /** All or nothing: nobody sees it half done, and a failure leaves the present state. */
  readonly isTransaction: boolean;
  readonly rows: ReadonlyMap<string, number>;
  readonly release: string;
  /** Where the present state is kept, or null when it is not. */
  readonly safety: { readonly place: string; readonly bytes: number } | null;
  /** Why the present state could not be read; empty when it could. Then `safety` is a copy byte for byte. */
  readonly damage: string;
  /** The restore that made the present state and did not come to its end: half a database is not worth keeping. */
  readonly unfinished: UnfinishedRestore | null;
}

export interface RestorePlan extends Present {
  readonly backup: FoundBackup;
  /** The name of the database that is replaced. */
  readonly database: string;
  /** The URL of the database that the backup is of, where it is another than the one whose rows it replaces. */
  readonly from: string | null;
  readonly tables: readonly ComparedTable[];
  readonly tool: BackupTool;
  readonly request: RestoreScriptRequest;
}

export interface RestoreResult {
  readonly plan: RestorePlan;
  readonly safety: Backup | null;
  /** The present state as it was, byte for byte, where it was too damaged for a backup. */
  readonly untouched: UntouchedCopy | null;
  /** What was not brought back, a sentence each. */
  readonly warnings: readonly Text[];
  readonly durationMs: number;
}

/** For `--dry-run`: what a run sends (empty where it is no SQL), and why it would refuse. */
export async function showRestore(
  plan: RestorePlan,
): Promise<{ readonly statements: readonly string[]; readonly refusal: GatewayError | null }> {
  const { tool, request, server } = plan;
  return {
    statements: await tool.restoreStatements(request),
    refusal: (await refusalOf(plan)) ?? (server === null ? null : await tool.rehearse(request)),
  };
}

/**
 * Replaces the database by a backup, after keeping its present state as another, and compares the rows.
 *
 * @throws GatewayError with exit code 2 when nothing was changed; PARTIAL, naming the backup of the present
 *   state, when the database could not take it back
 */
export async function restoreBackup(context: RestoreContext): Promise<RestoreResult> {
  const { target } = context;
  const plan = await planRestore(context);
  const refusal = await refusalOf(plan);
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
  const warnings: Text[] = [];
  try {
    await plan.tool.restore({
      ...plan.request,
      warn: (text) => warnings.push(text),
      async beforeReplacing(dump) {
        if (plan.unfinished !== null) throw wasEnded();
        if (plan.safety === null) return null;
        const { place } = plan.safety;
        if (dump !== null && plan.damage === '') {
          const server = plan.server === null ? '' : `${plan.server.product} ${plan.server.version}`;
          try {
            safety = await writeBackup({ ...context, keep: null }, { tool: plan.tool, place, server, dump });
            return safety.manifest;
          } catch (error) {
            if (!isDamage(error) || target.dialect !== 'sqlite') throw error;
            // Its pages are worse than was seen before.
          }
        }
        if (target.dialect !== 'sqlite') return null;
        const folder = plan.damage === '' ? damagedFolder(place, context.now) : place;
        const copied = { path: realpathSync(target.path), folder, signal: context.signal };
        untouched = await backUpUntouched(copied, handles);
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

async function refusalOf({ release, backup, tool, request }: RestorePlan): Promise<GatewayError | null> {
  const canRollBack = release === '0.7.0' && backup.manifest.release !== release;
  return refusedDependents(await tool.dependents(request), canRollBack);
}

/** Tables that are there now and go: those of the backup and of the gateway. */
export function replacedTables({ tables }: Pick<RestorePlan, 'tables'>): string[] {
  return tables.filter(({ what }) => what === 'replaced' || what === 'dropped').map(({ table }) => table);
}

/**
 * What a restore would do, after every check that can be made without writing: the backup is whole, fits this
 * database, and the programs and the space that it needs are there.
 *
 * @throws GatewayError; nothing was changed
 */
export async function planRestore(context: RestoreContext): Promise<RestorePlan> {
  const { target, name, cwd, directory, progress, signal, warn, lockTimeoutMs } = context;
  const tool = await openBackupTool(context);
  const place = directory === null ? tool.defaultDirectory : resolve(cwd, directory);
  const backup = await findBackup({ name, cwd, place, progress, signal, warn });
  const { file, manifest, manifestPath } = backup;
  const { source, sha256, notes } = manifest;
  if (source.dialect !== target.dialect) {
    throw doesNotFit(`it is of ${source.server}, and DATABASE_URL leads to ${target.dialect}`);
  }
  const rows = new Map(Object.entries(manifest.rows));
  if (rows.size === 0) {
    throw new GatewayError('CORRUPT', `The manifest of the backup ${file} names no table.`, {
      hint: advise`Restoring it would empty the database; use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
    });
  }
  const present = await readPresent(context, place);
  await tool.preflightRestore(present.server);
  const refusal = await tool.refusal({ server: source.server, notes }, present.server);
  if (refusal !== null) throw doesNotFit(refusal);
  const isReadable = present.damage === '';
  const isSame =
    (isReadable && !hasRows(present.rows)) ||
    isOfSamePlace(source, { dialect: target.dialect, url: target.maskedUrl });
  const now = isReadable ? present.rows : null;
  const tables = compareTables(now, rows, GATEWAY_TABLES, tool.replacesEverything);
  const replaced = replacedTables({ tables });
  return {
    ...present,
    backup,
    database: tool.database,
    from: isSame ? null : source.url,
    tables,
    tool,
    request: {
      file,
      manifest: manifestPath,
      sha256,
      server: source.server,
      notes,
      rows,
      replaced,
      lockTimeoutMs,
    },
  };
}

/** Elsewhere a run is seen as a whole or not at all. */
async function waitForRuns(
  db: Connection,
  { lockTimeoutMs, tableWaitMs = lockTimeoutMs, progress, signal }: RestoreContext,
): Promise<void> {
  if (db.dialect.transactionalDdl) return;
  const timeoutMs = Math.min(lockTimeoutMs, tableWaitMs);
  const onWait = (holder: string) => progress.log(`Waiting for ${holder} …`);
  await db.dialect.beginRun(db, { timeoutMs, peek: true, onWait, signal });
  await db.dialect.endRun(db, false);
}

async function readPresent(context: RestoreContext, place: string): Promise<Present> {
  try {
    return await context.connect(async (db) => {
      await waitForRuns(db, context);
      const found = await readBeforeBackup(
        db,
        async (schema) => {
          const unfinished = await db.dialect.unfinishedRestore(db);
          const rows = await rowCounts(db, [...schema.keys()]);
          const release = unfinished === null ? (await releaseOf(db, schema)).release : 'unknown';
          return { rows, unfinished, release };
        },
        context.tableWaitMs,
      );
      const isKept = context.backup && hasRows(found.rows) && found.unfinished === null;
      const { server, locks, transactionalDdl: isTransaction } = db.dialect;
      const safety = isKept ? await preflightBackup({ ...context, db }) : null;
      return { ...found, server, locks, isTransaction, safety, damage: '' };
    });
  } catch (error) {
    if (!(error instanceof GatewayError) || context.target.dialect !== 'sqlite') throw error;
    const damage = isDamage(error) ? error.message : '';
    if (damage === '' && error.code !== 'NO_DATABASE') throw error;
    // A file, which is swapped.
    const present = { server: null, locks: null, isTransaction: true, rows: new Map(), release: 'unknown' };
    const nothing = { ...present, damage, safety: null, unfinished: null };
    if (damage === '' || !context.backup) return nothing;
    const { sqliteBytes } = await import('../database/sqlite/backup.ts');
    const bytes = sqliteBytes(context.target.path);
    await refuseWithoutRoom(place, bytes, context);
    return { ...nothing, safety: { place: damagedFolder(place, context.now), bytes } };
  }
}

/** Whether it is the file itself that cannot be read as a database. */
function isDamage(error: unknown): boolean {
  return error instanceof GatewayError && (error.code === 'CORRUPT' || error.code === 'NOT_A_DATABASE');
}

/** The other restore was only waited for, and there is a whole database again. */
function wasEnded(): GatewayError {
  return new GatewayError('STATE', 'Another restore has come to its end meanwhile.', {
    hint: advise`Look at the database, and run this restore again if it is still wanted: ${mcpgw('status')}. Nothing was changed.`,
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

/**
 * What a restore does to each table.
 *
 * @param now null when it cannot be read
 * @param known the gateway's tables of every release, which a backup of an earlier one does not have
 * @param everything tables go that are neither known nor in the backup
 */
function compareTables(
  now: ReadonlyMap<string, number> | null,
  backup: ReadonlyMap<string, number>,
  known: ReadonlySet<string>,
  everything: boolean,
): readonly ComparedTable[] {
  const names = [...new Set([...(now?.keys() ?? []), ...backup.keys()])].toSorted();
  return names.map((table) => {
    const [before, after] = [now?.get(table) ?? null, backup.get(table) ?? null];
    const what = () => {
      if (now === null) return 'restored';
      if (before === null) return 'created';
      if (after !== null) return 'replaced';
      return everything || known.has(table) ? 'dropped' : 'kept';
    };
    return { table, now: before, backup: after, what: what() };
  });
}

/**
 * What keeps a restore from dropping what it replaces, and would not come back with the backup; null when nothing.
 *
 * @param canRollBack the database was migrated after the backup
 */
function refusedDependents(dependents: readonly Dependent[], canRollBack: boolean): GatewayError | null {
  if (dependents.length === 0) return null;
  const again = dependents.toReversed().flatMap(({ drop, again }) => {
    return again === null ? `-- what was dropped by: ${drop};` : `${again};`.split('\n');
  });
  return new GatewayError(
    'PREFLIGHT',
    'What is not in the backup depends on what the restore would drop and make again.',
    {
      details: [
        'First, in this order:',
        ...dependents.map(({ drop }) => `${drop};`),
        'Afterwards, as it was:',
        ...again,
      ],
      hint: advise`Run the statements of the first part, restore, and make it again with those of the second (owners, grants, rows and indexes of it are not in them).${canRollBack ? advise` Or go back without dropping the tables: ${mcpgw('rollback')}` : ''}\nNothing was changed.`,
    },
  );
}
