import { sql } from 'kysely';
import { errorText, GatewayError } from '../../errors.ts';
import { RESTORE_TABLE } from '../../schema/gateway-tables.ts';
import type { Connection } from '../connection.ts';
import { statement } from '../statement.ts';
import { quoteMysql } from './ddl.ts';
import { readMysqlGrants } from './privileges.ts';

/** Any of them lets a user make things in another's name, by version and family of the server. */
const SETS_DEFINERS = ['SUPER', 'SET_ANY_DEFINER', 'SET_USER_ID', 'SET USER'];
/** What the server trusts nobody else with while it writes a binary log. */
const LOGGED = ['TRIGGER', 'FUNCTION'];

const TRIAL = 'mcpgw_restore_trial';
/** The least that can be made of each kind. */
const TRIALS: Readonly<Record<string, string>> = {
  TRIGGER: `TRIGGER ${TRIAL} BEFORE INSERT ON ${RESTORE_TABLE} FOR EACH ROW SET @mcpgw = 1`,
  VIEW: `VIEW ${TRIAL} AS SELECT 1 AS one`,
  FUNCTION: `FUNCTION ${TRIAL}() RETURNS INT DETERMINISTIC NO SQL RETURN 1`,
  PROCEDURE: `PROCEDURE ${TRIAL}() SELECT 1`,
  EVENT: `EVENT ${TRIAL} ON SCHEDULE EVERY 1 DAY DISABLE DO SET @mcpgw = 1`,
};

/**
 * Makes one thing of each kind and definer that is in a dump, and drops it again: the server itself says whether
 * the dump will load.
 *
 * @throws GatewayError PERMISSION, which names the kind and the definer
 */
export async function tryDefiners(db: Connection, defined: readonly Defined[]): Promise<void> {
  for (const { kind, definer } of distinct(defined)) {
    const trial = TRIALS[kind];
    if (trial === undefined) continue;
    const drop = statement(`DROP ${kind} IF EXISTS ${TRIAL}`);
    try {
      await db.run(drop);
      await db.run(statement(`CREATE DEFINER=${definer} ${trial}`));
      await db.run(drop);
    } catch (error) {
      const message = `The backup has a ${kind} of ${definer}, which this user may not make: ${errorText(error)}.`;
      throw new GatewayError('PERMISSION', message, { hint: `${WHO} Nothing was changed.`, cause: error });
    }
  }
}

const WHO =
  'Restore it as an administrator of the server, or have one grant SET_ANY_DEFINER (MariaDB: SET USER) ON *.* to this user, or where the message names it set log_bin_trust_function_creators.';

/** The same from what is granted, for whoever has just taken the backup and may only read. */
export async function definerWarnings(db: Connection, defined: readonly Defined[]): Promise<string[]> {
  if (defined.length === 0) return [];
  const grants = await readMysqlGrants(db);
  const [server] = await db.query<{ strict: unknown }>(
    sql`SELECT @@log_bin = 1 AND @@log_bin_trust_function_creators = 0 AS strict`,
  );
  const setsAny = SETS_DEFINERS.some((privilege) => grants.hasGlobally(privilege));
  const isStrict = Number(server?.strict) === 1 && !grants.hasGlobally('SUPER');
  const refused = distinct(defined).filter(
    ({ kind, definer }) =>
      (!setsAny && definer.replaceAll('`', "'") !== grants.account) || (isStrict && LOGGED.includes(kind)),
  );
  if (refused.length === 0) return [];
  const list = refused.map(({ kind, definer }) => `${kind} of ${definer}`).join(', ');
  return [`This user could not restore the backup, since it may not make what is in it: ${list}. ${WHO}`];
}

/** The same before there is a backup. */
export async function foretellDefiners(db: Connection): Promise<string[]> {
  const found = await db.query<{ kind: string; definer: string }>(sql`
    SELECT 'TRIGGER' AS kind, DEFINER AS definer FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database()
    UNION SELECT 'VIEW', DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = database()
    UNION SELECT ROUTINE_TYPE, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database()
    UNION SELECT 'EVENT', DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = database()`);
  const inBackticks = (account: string) => {
    const at = account.lastIndexOf('@');
    return `${quoteMysql(account.slice(0, at))}@${quoteMysql(account.slice(at + 1))}`;
  };
  return definerWarnings(
    db,
    found.map(({ kind, definer }) => ({ kind, definer: inBackticks(definer) })),
  );
}

function distinct(defined: readonly Defined[]): readonly Defined[] {
  return [...new Map(defined.map((each) => [`${each.kind} ${each.definer}`, each])).values()];
}

/** What a dump makes in the name of an account, which not everybody may. */
export interface Defined {
  /** `TRIGGER`, `VIEW`, `FUNCTION`, `PROCEDURE`, `EVENT`, … */
  readonly kind: string;
  /** As SQL has it: `` `root`@`localhost` ``. */
  readonly definer: string;
}

/** The start of a line that makes something; a view says on this one only how its rights are checked. */
const DEFINED =
  /^(?:CREATE |\/\*!\d+ (?:CREATE\*\/ \/\*!\d+ )?)DEFINER=(`(?:[^`]|``)+`(?:@`(?:[^`]|``)*`)?)(?:\*\/ \/\*!\d+)? (\w+)/;
/** Names of accounts are shorter. */
const LINE_START = 1_000;
const NEWLINE = 0x0a;

/** Finds what has a definer in what mysqldump or mariadb-dump writes. No row begins such a line. */
export class DumpDefiners {
  readonly defined: Defined[] = [];
  #line = '';

  /** @param chunk the next piece, cut anywhere */
  add(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline < 0 ? chunk.length : newline;
      if (this.#line.length < LINE_START)
        this.#line += chunk.toString('latin1', from, Math.min(to, from + LINE_START));
      if (newline >= 0) {
        this.#end(Buffer.from(this.#line, 'latin1').toString());
        this.#line = '';
      }
      from = to + 1;
    }
  }

  #end(line: string): void {
    const [, definer, word = ''] = DEFINED.exec(line) ?? [];
    const kind = word.toUpperCase();
    if (definer !== undefined) this.defined.push({ kind: kind === 'SQL' ? 'VIEW' : kind, definer });
  }
}
