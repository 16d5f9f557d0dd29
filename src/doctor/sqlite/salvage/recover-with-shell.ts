import { rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { findOnPath, startClient } from '../../../database/client-program.ts';
import { refuseWhenStopped } from '../../../database/refuse-when-stopped.ts';
import { openFile } from '../../../database/sqlite/driver.ts';
import { quoteName } from '../../../database/sqlite/table-sql.ts';
import { errorText } from '../../../errors.ts';
import type { NewDatabase, NewTable } from './new-database.ts';
import type { Stored } from './record.ts';

interface ShellRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The damaged file, as a single one. */
  readonly work: string;
  /** A file for what the shell makes of it; removed in the end. */
  readonly draft: string;
  readonly signal: AbortSignal;
}

/**
 * A second opinion: what the `.recover` of the sqlite3 shell on the PATH reads of damaged tables and we did not
 * goes to the lost-and-found table, since it takes less care to tell old rows from live ones.
 *
 * @returns what came of it, a sentence
 */
export async function recoverWithShell(
  { env, work, draft, signal }: ShellRequest,
  database: NewDatabase,
  tables: readonly NewTable[],
): Promise<string> {
  const program = findOnPath(env, 'sqlite3');
  if (program === null) return 'No sqlite3 is on the PATH: its .recover was not asked.';
  try {
    const run = { program, env: { PATH: env.PATH }, signal };
    const quiet = ['-batch', '-init', '/dev/null'];
    const reader = startClient({ ...run, args: [...quiet, work, '.recover'], stdout: 'pipe' });
    const writer = startClient({ ...run, args: [...quiet, draft], stdin: 'pipe' });
    if (reader.child.stdout === null || writer.child.stdin === null) throw new Error('it has no output');
    await pipeline(reader.child.stdout, writer.child.stdin).catch(() => {
      // Why it ended is what the program itself says.
    });
    await reader.ended;
    await writer.ended;
    if (statSync(draft, { throwIfNoEntry: false }) === undefined) throw new Error('it wrote nothing');
    const more = addUnknown(draft, database, tables);
    return more === 0
      ? `${program} .recover was asked, too: it reads no other rows of the damaged tables.`
      : `${program} .recover reads ${more} more rows of the damaged tables: they are in ${database.lostAndFound.name}.`;
  } catch (error) {
    refuseWhenStopped(signal);
    return `${program} has no .recover that works here: ${errorText(error).replace(/[.\s]+$/, '')}.`;
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(draft + suffix, { force: true });
  }
}

function addUnknown(draft: string, database: NewDatabase, tables: readonly NewTable[]): number {
  const other = openFile(draft, { readonly: true });
  let added = 0;
  try {
    const known = other.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    for (const table of tables) {
      const { name, withoutRowid } = table;
      if (withoutRowid || known.get(name) === undefined) continue;
      const rows = other
        .prepare<[], [bigint, ...Stored[]]>(`SELECT rowid, * FROM ${quoteName(name)}`)
        .raw()
        .safeIntegers();
      for (const [rowid, ...values] of rows.iterate()) {
        if (database.has(table, rowid) || database.lostAndFound.has(name, rowid)) continue;
        const why = 'read by sqlite3 .recover only';
        database.setAside({ table: name, page: null, rowid, why, values });
        added++;
      }
    }
  } finally {
    other.close();
  }
  return added;
}
