import type { Connection } from '../../database/connection.ts';
import type { Value } from '../../database/value.ts';
import type { Schema } from '../../schema/model.ts';
import type { PasswordHash } from '../../seed/password.ts';
import type { Row } from '../document.ts';
import { columnsHere, readAll } from './here.ts';
import { type People, personalTeamOf } from './owners.ts';
import type { Problems } from './problems.ts';

/** How a table of accounts is read from a file. In an order in which rows can be made. */
const TABLES = [
  { table: 'email_users', key: 'email', natural: ['email'] },
  { table: 'email_teams', key: 'id', natural: ['slug'] },
  { table: 'email_team_members', key: 'id', natural: ['team_id', 'user_email'] },
  { table: 'roles', key: 'id', natural: ['name', 'scope'] },
  { table: 'user_roles', key: 'id', natural: ['user_email', 'role_id', 'scope', 'scope_id'] },
  { table: 'sso_providers', key: 'id', natural: ['name'] },
] as const;

/** Columns that point at another table: what they point at has to be here, or to come. */
const POINTS = {
  team_id: 'email_teams',
  user_email: 'email_users',
  role_id: 'roles',
  scope_id: 'email_teams',
} as const;
/** Who did something once: of somebody who is not here it is the administrator. */
const DOERS = ['created_by', 'invited_by', 'granted_by'];

export interface PlannedAccounts {
  /** Rows that are to be made, by table, in an order in which they can be. */
  readonly made: ReadonlyMap<string, readonly Row[]>;
  /** Users that get a password nobody knows. */
  readonly withoutPassword: readonly string[];
}

export interface AccountsToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly accounts: Readonly<Record<string, readonly Row[]>>;
  /** What users of the file are called here. */
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly admin: string;
  /** For users whose own is not in the file. */
  readonly password: PasswordHash;
}

/**
 * Users, teams, members, roles and providers of the file that are not here. What is here stays as it is, passwords
 * above all.
 *
 * @param people gets those who will be here
 */
export async function planAccounts(
  people: People,
  { db, schema, accounts, mapOwner, admin, password }: AccountsToPlan,
  wrong: Problems,
): Promise<PlannedAccounts> {
  const made = new Map<string, readonly Row[]>();
  const withoutPassword: string[] = [];
  /** What a key of the file is here, by table. */
  const keys = new Map<string, Map<Value, Value>>([['email_users', new Map(mapOwner)]]);
  for (const { table, key, natural } of TABLES) {
    const rows = accounts[table] ?? [];
    if (rows.length === 0) continue;
    const columns = columnsHere(schema, table);
    const known = new Map<string, Row>();
    const textOf = (row: Row, names: readonly string[]) =>
      JSON.stringify(names.map((name) => row[name] ?? null));
    const add = (row: Row) => {
      known.set(textOf(row, [key]), row);
      known.set(`natural ${textOf(row, natural)}`, row);
    };
    for (const row of await readAll(db, table, columns)) add(row);
    const ids = keys.get(table) ?? new Map<Value, Value>();
    keys.set(table, ids);
    const news: Row[] = [];
    for (const [i, given] of rows.entries()) {
      const row = {
        ...given,
        ...pointedHere(given, keys),
        [key]: ids.get(given[key] ?? null) ?? given[key] ?? null,
      };
      const personal = row.is_personal === true ? personalTeamOf(people, row.created_by ?? null) : undefined;
      const there = known.get(textOf(row, [key])) ?? personal ?? known.get(`natural ${textOf(row, natural)}`);
      ids.set(given[key] ?? null, (there ?? row)[key] ?? null);
      if (there !== undefined) continue;
      for (const name of lost(row, people, keys))
        wrong.add(`accounts.${table}[${i}].${name}`, 'what it points at is neither in the file nor here');
      const whole: Record<string, Value> = { failed_login_attempts: 0, ...row };
      for (const name of DOERS)
        if ((whole[name] ?? null) !== null && !people.users.has(whole[name] ?? null)) whole[name] = admin;
      if (table === 'email_users') {
        people.users.add(row[key] ?? null);
        if (typeof row.password_hash !== 'string') {
          withoutPassword.push(String(row[key]));
          Object.assign(whole, { password_hash: password.hash, password_hash_type: password.type });
        }
      }
      if (table === 'email_teams') people.teams.push(whole);
      news.push(Object.fromEntries(columns.map(({ name }) => [name, whole[name] ?? null])));
      add(whole);
    }
    if (news.length > 0) made.set(table, news);
  }
  return { made, withoutPassword };
}

/** What a row points at, as it is called here. */
function pointedHere(row: Row, keys: ReadonlyMap<string, ReadonlyMap<Value, Value>>): Row {
  const doers = DOERS.map((name) => [name, 'email_users'] as const);
  return Object.fromEntries(
    [...Object.entries(POINTS), ...doers].flatMap(([name, table]) => {
      const here = keys.get(table)?.get(row[name] ?? null);
      return here === undefined ? [] : [[name, here] as const];
    }),
  );
}

/** Columns that point at nothing. */
function lost(
  row: Row,
  { users, teams }: People,
  keys: ReadonlyMap<string, ReadonlyMap<Value, Value>>,
): string[] {
  const isThere = {
    email_users: (value: Value) => users.has(value),
    email_teams: (value: Value) => teams.some(({ id }) => id === value),
    roles: (value: Value) => [...(keys.get('roles')?.values() ?? [])].includes(value),
  };
  return Object.entries(POINTS).flatMap(([name, table]) => {
    const value = row[name] ?? null;
    return value === null || isThere[table](value) ? [] : [name];
  });
}
