import { sql } from 'kysely';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import type { Connection } from './connection.ts';

/** What can stand on the gateway's tables that is not the gateway's. */
export type SiteKind =
  | 'trigger'
  | 'rule'
  | 'view'
  | 'routine'
  | 'policy'
  | 'foreign key'
  | 'publication'
  | 'replica identity'
  | 'row-level security'
  | 'event trigger'
  | 'system versioning'
  | 'invisible column'
  | 'generated column';

/** Something that a site has put on a table of the gateway, or that depends on one. */
export interface SiteObject {
  readonly kind: SiteKind;
  /** For people, with its kind: `view reports.daily`. */
  readonly name: string;
  /** The gateway's table; '' for what is on none, or says it only in its text. */
  readonly about: string;
  /** Columns of it that the object is about, with commas between; '' when it is about all, or its text says which. */
  readonly columns: string;
  /** The definition, where the database does not tell what it depends on. */
  readonly text: string;
  /** A foreign key: the table it is of. A view or routine with a definer: what others call it by. */
  readonly of: string;
  /** Whether the account in whose name it runs is there; '' where it is, or nothing runs in another's name. */
  readonly definer: 'lost' | 'unseen' | '';
  /** The statement that drops it, before it those for what depends on it; empty where none does. */
  readonly drops: readonly string[];
  /** A trigger that an UPDATE of the table fires, and that can then change the row. */
  readonly touches: boolean;
  /** A trigger that an UPDATE of the table fires, whatever it can change. */
  readonly fires: boolean;
}

/** @param queries each gives rows of a kind, with as much of a SiteObject as there is to tell of it */
export async function readSiteObjects(db: Connection, queries: readonly string[]): Promise<SiteObject[]> {
  const objects: SiteObject[] = [];
  for (const query of queries) {
    const rows = await db.query<Pick<SiteObject, 'kind' | 'name'> & { [part: string]: unknown }>(
      sql.raw(query),
    );
    for (const { kind, name, about, columns, text, of, drop, definer, touches, fires } of rows) {
      const isTrue = (part: unknown) => part === true || Number(part) === 1;
      const told = (part: unknown) => (typeof part === 'string' ? part : '');
      objects.push({
        ...{ kind, name, about: told(about), columns: told(columns), text: told(text), of: told(of) },
        drops: Array.isArray(drop) ? drop : [told(drop)].filter((text) => text !== ''),
        definer: definer === 'lost' || definer === 'unseen' ? definer : '',
        touches: isTrue(touches),
        fires: isTrue(touches) || isTrue(fires),
      });
    }
  }
  return objects;
}

/** Triggers come first among the queries of every dialect. */
export function siteTriggers(db: Connection): Promise<SiteObject[]> {
  return readSiteObjects(db, db.dialect.siteObjects.slice(0, 1));
}

/** The gateway's tables as a list in SQL. */
export const GATEWAY_LIST = [...GATEWAY_TABLES].map((name) => `'${name}'`).join(', ');
