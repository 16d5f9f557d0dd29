import type { Connection } from '../../database/connection.ts';
import { Secret } from '../../database/rows.ts';
import type { Value } from '../../database/value.ts';
import type { Schema } from '../../schema/model.ts';
import type { PasswordHash } from '../../seed/password.ts';
import type { Row } from '../document.ts';
import { ACCOUNT_TABLES } from './check-document.ts';
import { columnsHere, readTable } from './here.ts';
import { type People, personalTeamOf, TEAM_COLUMNS } from './owners.ts';
import type { Problems } from './problems.ts';

type AccountTable = (typeof ACCOUNT_TABLES)[number];

interface AccountType {
  readonly key: string;
  /** What a row is known by where its id is not. */
  readonly natural: readonly string[];
  readonly label: string;
  readonly word: string;
  /** Columns that point at another of these tables; those that must, and those that may. */
  readonly points: Readonly<Record<string, AccountTable>>;
}

const TYPES: Readonly<Record<AccountTable, AccountType>> = {
  email_users: { key: 'email', natural: [], label: 'email', word: 'user', points: {} },
  email_teams: {
    key: 'id',
    natural: ['slug'],
    label: 'slug',
    word: 'team',
    points: { created_by: 'email_users' },
  },
  email_team_members: {
    key: 'id',
    natural: ['team_id', 'user_email'],
    label: 'user_email',
    word: 'member',
    points: { team_id: 'email_teams', user_email: 'email_users', invited_by: 'email_users' },
  },
  roles: {
    key: 'id',
    natural: ['name', 'scope'],
    label: 'name',
    word: 'role',
    points: { created_by: 'email_users', inherits_from: 'roles' },
  },
  user_roles: {
    key: 'id',
    natural: ['user_email', 'role_id', 'scope', 'scope_id'],
    label: 'user_email',
    word: 'role of',
    points: { user_email: 'email_users', role_id: 'roles', granted_by: 'email_users' },
  },
  sso_providers: { key: 'id', natural: ['name'], label: 'name', word: 'provider', points: {} },
};

export interface PlannedAccounts {
  /** Rows that are to be made, by table, in an order in which they can be. */
  readonly made: ReadonlyMap<AccountTable, readonly Row[]>;
  /** Users that get a password nobody knows. */
  readonly withoutPassword: readonly string[];
}

export interface AccountsToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly accounts: Readonly<Record<string, readonly Row[]>>;
  /** Users are called so here. */
  readonly mapOwner: ReadonlyMap<string, string>;
  /** For users whose own is not in the file. */
  readonly password: PasswordHash;
  readonly wrong: Problems;
}

/**
 * Users, teams, members, roles and providers of the file that are not here. What is here stays as it is, passwords
 * above all.
 *
 * @param people gets those who will be here
 */
export async function planAccounts(people: People, options: AccountsToPlan): Promise<PlannedAccounts> {
  const { db, schema, accounts, mapOwner, password, wrong } = options;
  const made = new Map<AccountTable, readonly Row[]>();
  const withoutPassword: string[] = [];
  /** By table, what a key of the file is here. */
  const keys = new Map<AccountTable, Map<Value, Value>>([['email_users', new Map(mapOwner)]]);
  for (const table of ACCOUNT_TABLES) {
    const rows = accounts[table] ?? [];
    if (rows.length === 0) continue;
    const { key, natural, label, word, points } = TYPES[table];
    const columns = columnsHere(schema, table);
    const here = await readTable(db, schema, table, [
      key,
      ...natural,
      ...(table === 'email_teams' ? TEAM_COLUMNS : []),
    ]);
    const byKey = new Map(here.map((row) => [row[key] ?? null, row]));
    const naturalOf = (row: Row) => JSON.stringify(natural.map((name) => row[name] ?? null));
    const byNatural = new Map(natural.length === 0 ? [] : here.map((row) => [naturalOf(row), row]));
    const known = keys.get(table) ?? new Map<Value, Value>();
    keys.set(table, known);
    const news: Row[] = [];
    for (const [i, given] of rows.entries()) {
      const path = `accounts.${table}[${i}]`;
      const row = pointed(given, points, keys, people, `${path} (${word} ${given[label]})`, wrong);
      const id = known.get(given[key] ?? null) ?? row[key] ?? null;
      const personal =
        table === 'email_teams' && row.is_personal === true
          ? personalTeamOf(people, String(row.created_by))
          : undefined;
      const there = byKey.get(id) ?? personal ?? byNatural.get(naturalOf(row));
      known.set(given[key] ?? null, there?.[key] ?? id);
      if (there !== undefined) continue;
      const values: Record<string, Value> = { ...row, [key]: id };
      if (table === 'email_users') {
        people.users.add(String(id));
        values.failed_login_attempts ??= 0;
        if (typeof row.password_hash !== 'string') {
          withoutPassword.push(String(id));
          Object.assign(values, { password_hash: password.hash, password_hash_type: password.type });
        }
      }
      if (table === 'email_teams') people.teams.push(values);
      news.push(Object.fromEntries(columns.map(({ name }) => [name, values[name] ?? null])));
      byKey.set(id, values);
      byNatural.set(naturalOf(values), values);
    }
    if (news.length > 0) made.set(table, news);
  }
  return { made, withoutPassword };
}

/** The row with what it points at as it is here. */
function pointed(
  row: Row,
  points: AccountType['points'],
  keys: ReadonlyMap<AccountTable, ReadonlyMap<Value, Value>>,
  people: People,
  called: string,
  wrong: Problems,
): Row {
  const mapped = Object.entries(points).map(([column, table]) => {
    const value = row[column] ?? null;
    const here = keys.get(table)?.get(value) ?? value;
    const isThere =
      table === 'email_users'
        ? people.users.has(String(here))
        : table === 'email_teams'
          ? people.teams.some(({ id }) => id === here)
          : keys.get(table)?.has(value);
    if (value !== null && isThere !== true)
      wrong.add(called, `its ${column} is neither in the file nor here: ${String(value)}`);
    return [column, here] as const;
  });
  // Of a team scope the id is that of a team.
  const scope =
    row.scope === 'team'
      ? [['scope_id', keys.get('email_teams')?.get(row.scope_id ?? null) ?? row.scope_id ?? null] as const]
      : [];
  return { ...row, ...Object.fromEntries([...mapped, ...scope]) };
}

const SECRET_COLUMNS: ReadonlySet<string> = new Set(['password_hash', 'client_secret_encrypted']);

/** The values of a row as parameters. */
export function accountParameters(db: Connection, schema: Schema, table: string, row: Row) {
  return Object.fromEntries(
    columnsHere(schema, table).map((column) => {
      const value = db.dialect.values.toParameter(column, row[column.name] ?? null);
      return [
        column.name,
        SECRET_COLUMNS.has(column.name) && typeof value === 'string' ? new Secret(value) : value,
      ];
    }),
  );
}
