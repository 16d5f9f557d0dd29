import type { Connection } from '../database/connection.ts';
import { siteTriggers } from '../database/site-object.ts';
import type { KeepColumns, Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { releaseSchema } from '../migrate/release-schema.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';

/** What goes around the updates of each table on which triggers of the site could change more than they do. */
export type KeptColumns = ReadonlyMap<string, KeepColumns>;

/** Of the columns of v0.6.0 those that a run writes itself. */
const WRITTEN: ReadonlySet<string> = new Set(['name', 'federation_source']);

/**
 * Finds the triggers of the site that could change other columns than a run does (`updated_at`), and tries what
 * keeps them from it. To be called before the first write.
 *
 * @throws GatewayError PERMISSION when this user may not keep them from it
 */
export async function keepColumns(
  db: Connection,
  schema: Schema,
  statements: readonly Statement[],
): Promise<KeptColumns> {
  const updated = new Set(
    statements.flatMap(({ counts, table }) => (counts === undefined ? [] : (table ?? []))),
  );
  const names = OWNED_TABLES.map(({ name }) => name).filter((name) => updated.has(name));
  const triggers = names.length === 0 ? [] : await siteTriggers(db);
  const kept = new Map<string, KeepColumns>();
  for (const name of names) {
    const touching = triggers.filter(({ about, touches }) => touches && about === name);
    if (touching.length === 0) continue;
    const there = new Set(schema.get(name)?.columns.map((column) => column.name));
    const columns =
      releaseSchema('0.6.0')
        .get(name)
        ?.columns.map((column) => column.name) ?? [];
    const around = db.dialect.keepColumns(
      name,
      columns.filter((column) => there.has(column) && !WRITTEN.has(column)),
    );
    try {
      for (const statement of [...around.on, ...around.off]) await db.run(statement);
    } catch (cause) {
      const triggerNames = touching.map((trigger) => trigger.name).join(', ');
      const message = `Other columns cannot be kept from what triggers would change in them: ${triggerNames}.`;
      throw new GatewayError('PERMISSION', message, {
        details: [cause instanceof Error ? cause.message : String(cause)],
        hint: 'Drop these triggers and make them again afterwards, or use a user who may create triggers. Nothing was changed.',
        cause,
      });
    }
    kept.set(name, around);
  }
  return kept;
}

/** Runs a statement with what goes around it. */
export async function runKeeping(db: Connection, kept: KeptColumns, statement: Statement): Promise<number> {
  const around = statement.counts === undefined ? undefined : kept.get(statement.table ?? '');
  if (around === undefined) return db.run(statement);
  for (const each of around.on) await db.run(each);
  try {
    return await db.run(statement);
  } finally {
    for (const each of around.off) {
      await db.run(each).catch(() => {
        // The transaction is aborted, or the connection gone; the error of the statement says so.
      });
    }
  }
}
