import { releaseSchema } from '../../migrate/release-schema.ts';
import type { Column, Table } from '../../schema/model.ts';
import { type Document, FORMAT, FORMAT_VERSION, type Row } from '../document.ts';
import { ASSOCIATIONS, ENTITY_TYPES, type EntityTable, type EntityType } from '../entities.ts';
import { called, checkValue, inPath, isObject } from './check-values.ts';
import { isGatewayDocument, readGatewayDocument } from './gateway-document.ts';
import { insertDefaults } from './insert-defaults.ts';
import { type Problems, problems } from './problems.ts';
import type { Source } from './source.ts';

/** Lists of a document made `--with-teams`. */
export const ACCOUNT_TABLES = [
  'email_users',
  'email_teams',
  'email_team_members',
  'roles',
  'user_roles',
  'sso_providers',
] as const;

const TOP = [
  'format',
  'version',
  'exportedAt',
  'tool',
  'source',
  'secrets',
  'selection',
  'counts',
  'accounts',
  'entities',
];
const SECRET_MODES = ['keep', 'omit', 'rekey', 'plain'];

/**
 * What is in a document, ours or the gateway's (CONFIGURATION A2, F3).
 *
 * @param name of the file, for errors
 * @param separator of the gateway's slugs, which its own document does not have
 * @throws GatewayError USAGE with the path of all that is wrong
 */
export function readDocument(json: unknown, name: string, separator: string, now: Date): Source {
  const wrong = problems();
  const source = isGatewayDocument(json)
    ? readGatewayDocument(json, wrong, separator, now)
    : readOurs(json, wrong);
  wrong.refuse('USAGE', `${name} cannot be imported.`, 'Correct what is named above. Nothing was changed.');
  return source;
}

function readOurs(json: unknown, wrong: Problems): Source {
  const none: Source = {
    kind: 'mcpgw',
    isPart: false,
    release: '0.7.0',
    secrets: { mode: 'keep', keyCheck: null },
    accounts: {},
    entities: {},
  };
  const file = isObject(json) ? json : {};
  if (file.format !== FORMAT) {
    wrong.add('format', 'this is no configuration of mcpgw, and none that the gateway exported');
    return none;
  }
  if (file.version !== FORMAT_VERSION) {
    const newer = Number(file.version) > FORMAT_VERSION ? ': a newer mcpgw wrote it' : '';
    wrong.add('version', `it is not ${FORMAT_VERSION}, the one that is read${newer}`);
    return none;
  }
  for (const key of Object.keys(file))
    if (!TOP.includes(key)) wrong.add(inPath(key), 'nothing is known of it');
  const { release } = isObject(file.source) ? file.source : {};
  if (release !== '0.6.0' && release !== '0.7.0') wrong.add('source.release', 'it is not 0.6.0 or 0.7.0');
  const secrets = isObject(file.secrets) ? file.secrets : {};
  if (!SECRET_MODES.includes(secrets.mode as string))
    wrong.add('secrets.mode', `it is none of ${SECRET_MODES.join(', ')}`);
  if (secrets.keyCheck !== null && typeof secrets.keyCheck !== 'string')
    wrong.add('secrets.keyCheck', `it is ${called(secrets.keyCheck)}, and has to be a text or null`);
  const known = release === '0.6.0' ? '0.6.0' : '0.7.0';
  const { mode } = secrets as unknown as Document['secrets'];
  checkEntities(file.entities, wrong, known, mode === 'plain');
  checkAccounts(file.accounts, wrong);
  return {
    ...none,
    release: known,
    secrets: secrets as unknown as Document['secrets'],
    isPart: Array.isArray(file.selection) && !file.selection.every((word) => /^--type /.test(String(word))),
    accounts: (file.accounts ?? {}) as Source['accounts'],
    entities: file.entities as Source['entities'],
  };
}

function checkEntities(lists: unknown, wrong: Problems, release: Source['release'], isPlain: boolean): void {
  const schema = releaseSchema(release);
  eachList(
    lists,
    'entities',
    ENTITY_TYPES.map(({ table }) => table),
    wrong,
    (table, rows) => {
      const type = ENTITY_TYPES.find((each) => each.table === table) as EntityType;
      const definition = schema.get(table) as Table;
      const needed = neededColumns(definition, type);
      checkRows(rows, `entities.${table}`, definition.primaryKey, wrong, (row, path) => {
        for (const name of needed) if (row[name] === undefined) wrong.add(`${path}.${name}`, 'it is missing');
        for (const [key, value] of Object.entries(row)) {
          const column = definition.columns.find(({ name }) => name === key && name !== 'team_id');
          const at = `${path}.${inPath(key)}`;
          if (column !== undefined) {
            const isOpen = isPlain && key in type.secrets;
            checkValue(wrong, at, value, isOpen ? { kind: 'json', nullable: true } : column);
          } else if (key === 'team' && type.owned) checkTeam(wrong, at, value);
          else if (table === 'servers' && ASSOCIATIONS.some(({ to }) => to === key))
            checkReferences(wrong, at, value);
          else wrong.add(at, `${table} of v${release} have nothing of that name`);
        }
      });
    },
  );
}

/** Columns that nothing can be put into by itself. */
function neededColumns({ columns, primaryKey }: Table, { table, label }: EntityType): readonly string[] {
  const defaults = insertDefaults(table, new Date(0));
  const isNeeded = ({ name, nullable, default: value }: Column) =>
    !nullable && value === null && defaults[name] === undefined;
  return [
    ...new Set([
      ...primaryKey,
      ...((label ?? '') ? [label as string] : []),
      ...columns.filter(isNeeded).map(({ name }) => name),
    ]),
  ];
}

function checkAccounts(lists: unknown, wrong: Problems): void {
  if (lists === undefined) return;
  const schema = releaseSchema('0.7.0');
  eachList(lists, 'accounts', ACCOUNT_TABLES, wrong, (table, rows) => {
    const { columns, primaryKey } = schema.get(table) as Table;
    checkRows(rows, `accounts.${table}`, primaryKey, wrong, (row, path) => {
      for (const column of columns) {
        const value = row[column.name];
        const isLeftOut = column.nullable || column.default !== null || NOT_EXPORTED.includes(column.name);
        if (value === undefined && !isLeftOut) wrong.add(`${path}.${column.name}`, 'it is missing');
        else if (value !== undefined) checkValue(wrong, `${path}.${column.name}`, value, column);
      }
      for (const key of Object.keys(row))
        if (!columns.some(({ name }) => name === key))
          wrong.add(`${path}.${inPath(key)}`, `${table} have nothing of that name`);
    });
  });
}

/** Of users, but `--with-credentials`; what else fares by itself. */
const NOT_EXPORTED = [
  'password_hash',
  'password_hash_type',
  'failed_login_attempts',
  'client_secret_encrypted',
];

function eachList(
  lists: unknown,
  path: string,
  tables: readonly string[],
  wrong: Problems,
  check: (table: EntityTable | string, rows: readonly unknown[]) => void,
): void {
  if (!isObject(lists)) wrong.add(path, `it is ${called(lists)}, and has to be an object of lists`);
  for (const [table, rows] of Object.entries(isObject(lists) ? lists : {})) {
    if (!tables.includes(table)) wrong.add(`${path}.${inPath(table)}`, 'there is no such type');
    else if (!Array.isArray(rows))
      wrong.add(`${path}.${table}`, `it is ${called(rows)}, and has to be a list`);
    else check(table, rows);
  }
}

function checkRows(
  rows: readonly unknown[],
  path: string,
  [key = 'id']: readonly string[],
  wrong: Problems,
  check: (row: Row, path: string) => void,
): void {
  const places = new Map<unknown, number>();
  for (const [i, row] of rows.entries()) {
    const at = `${path}[${i}]`;
    if (!isObject(row)) {
      wrong.add(at, `it is ${called(row)}, and has to be an object`);
      continue;
    }
    check(row as Row, at);
    const first = places.get(row[key]);
    if (first !== undefined && row[key] !== undefined)
      wrong.add(`${at}.${key}`, `it is that of ${path}[${first}], too`);
    else places.set(row[key], i);
  }
}

function checkTeam(wrong: Problems, path: string, value: unknown): void {
  if (value === null) return;
  const { slug, owner } = isObject(value) ? value : {};
  if (typeof slug !== 'string' || (owner !== undefined && typeof owner !== 'string'))
    wrong.add(path, 'it has to be null or an object with “slug”, and “owner” where it is a personal team');
}

function checkReferences(wrong: Problems, path: string, value: unknown): void {
  if (!Array.isArray(value)) wrong.add(path, `it is ${called(value)}, and has to be a list`);
  for (const [i, each] of (Array.isArray(value) ? value : []).entries()) {
    const { id, name } = isObject(each) ? each : {};
    if ((typeof id !== 'string' && typeof id !== 'number') || typeof name !== 'string')
      wrong.add(`${path}[${i}]`, 'it has to be an object with “id” and “name”');
  }
}
