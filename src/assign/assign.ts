import { type RawBuilder, sql } from 'kysely';
import { type Book, readTeams, type TeamPage } from '../accounts/book.ts';
import { wordOf } from '../accounts/members.ts';
import { ASSOCIATIONS } from '../configuration/entities.ts';
import { NO_ROW } from '../configuration/selection.ts';
import { written } from '../database/rows.ts';
import { GatewayError } from '../errors.ts';
import { findCollisions } from '../ownership/collisions.ts';
import { VISIBILITIES } from '../ownership/visibility.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { type ChosenRows, chooseRows, type RowWords } from './choose-rows.ts';

/** Rows, and whose they become; what is undefined stays. */
export interface AssignRequest extends RowWords {
  /** Id, slug or name. */
  readonly team?: string | undefined;
  readonly owner?: string | undefined;
  readonly visibility?: string | undefined;
  /** Also count the version up, and say who changed the row, and when. */
  readonly audit?: boolean | undefined;
}

/** The names that a request has: to be read into the book before it is planned. */
export const namesIn = ({ team, teamFrom = [], owner, ownerFrom = [] }: AssignRequest) => ({
  teams: [...teamFrom, ...(team === undefined ? [] : [team])],
  emails: [...ownerFrom, ...(owner === undefined ? [] : [owner])],
});

const OWNED_COLUMNS = ['team_id', 'owner_email', 'visibility'] as const;
/** So many rows are told one by one, more are counted. */
const SHOWN = 50;
const CHOICES = [
  'rows',
  'type',
  'tag',
  'teamFrom',
  'ownerFrom',
  'visibilityFrom',
  'gateway',
  'server',
] as const;
const PLACES: readonly string[] = ['tools', 'resources', 'prompts', 'a2a_agents', 'servers', 'gateways'];
/** Servers and gateways last: which rows belong to them is asked of them as they were. */
const ORDER = OWNED_TABLES.toSorted((a, b) => PLACES.indexOf(a.name) - PLACES.indexOf(b.name));

type Sql = RawBuilder<unknown>;
type OwnedColumn = (typeof OWNED_COLUMNS)[number];

/** What rows become. */
interface Finals {
  /** SQL for each column of `t` afterwards. */
  readonly values: Readonly<Record<OwnedColumn, Sql>>;
  /** The columns that the request is about. */
  readonly columns: readonly OwnedColumn[];
  /** SQL that is true for a row of `t` that is not so yet, or lacks team or owner. */
  readonly differs: Sql;
}

/** Rows of a table that change. */
interface Moving {
  readonly table: OwnedTable;
  /** SQL that is true for them, over `t`. */
  readonly rows: Sql;
  readonly finals: Finals;
  /** What they become, and how many become the same. */
  readonly groups: readonly (Readonly<Record<OwnedColumn, string | null>> & { readonly n: unknown })[];
}

/**
 * Plans that rows get another team, owner or visibility (CONFIGURATION D): one statement for each table, and of each
 * row nothing but these three columns (with `audit` four more), the credentials least of all.
 *
 * @throws GatewayError USAGE for a request that names no rows, or nothing that they become; what else is wrong is a
 *   problem of the book
 */
export async function assign(book: Book, request: AssignRequest): Promise<void> {
  refuseEmpty(request);
  const chosen = await chooseRows(book, request);
  const finals = finalsOf(book, request);
  if (finals === null) return;
  const found: Moving[] = [];
  for (const table of ORDER) {
    const which = chosen(table.name, 't');
    if (which === null) continue;
    const rows = sql`(${which} AND ${finals.differs})`;
    const groups = await groupsOf(book, table, rows, finals);
    if (groups.length > 0) found.push({ table, rows, finals, groups });
  }
  if (found.length === 0) await refuseNone(book, request, chosen);
  const groups = found.flatMap((moving) => moving.groups);
  await readTeams(
    book,
    groups.flatMap(({ team_id }) => team_id ?? []),
  );
  for (const moving of found) {
    refuseUnfit(book, moving);
    if (finals.columns.includes('team_id')) await refuseCollisions(book, moving);
  }
  warnOfStrangers(book, groups);
  if (request.cascade !== true) await warnOfParts(book, chosen, finals);
  const isTold = rowsIn(groups) <= SHOWN;
  for (const moving of found) {
    const lines = isTold ? await rowLines(book, moving) : [counted(moving.table, rowsIn(moving.groups))];
    book.write('assign:rows', '', [update(book, request, moving)]);
    for (const line of lines) book.write('assign:rows', line, []);
  }
}

function refuseEmpty(request: AssignRequest): void {
  const given = CHOICES.some((choice) => (request[choice] ?? []).length > 0);
  const wanted = request.team ?? request.owner ?? request.visibility;
  const details = [
    ...(given ? [] : ['Say which rows: tool:NAME, --type, --tag, --team-from, --owner-from, --gateway …']),
    ...(wanted !== undefined ? [] : ['Say what they become: --team, --owner or --visibility']),
  ];
  if (details.length > 0)
    throw new GatewayError('USAGE', 'There is nothing to assign.', { details, hint: 'Nothing was changed.' });
}

/** What was chosen by whose it was is not so any more once it is assigned: there none is no mistake. */
async function refuseNone({ db, missing, problems }: Book, request: AssignRequest, chosen: ChosenRows) {
  const { teamFrom = [], ownerFrom = [], visibilityFrom = [] } = request;
  if (missing.length + problems.length + teamFrom.length + ownerFrom.length + visibilityFrom.length > 0)
    return;
  // A type without rows is no mistake.
  if (!CHOICES.some((choice) => choice !== 'type' && (request[choice] ?? []).length > 0)) return;
  for (const { name } of ORDER) {
    const which = chosen(name, 't');
    if (which === null) continue;
    if ((await db.query(sql`SELECT 1 FROM ${sql.table(name)} t WHERE ${which} LIMIT 1`)).length > 0) return;
  }
  missing.push(NO_ROW);
}

/** Null where something that is named is not there, which is a problem of the book. */
function finalsOf(book: Book, request: AssignRequest): Finals | null {
  const known = (text: string) => wordOf(book, 'visibility', text, VISIBILITIES);
  (request.visibilityFrom ?? []).forEach(known);
  const visibility = request.visibility === undefined ? null : known(request.visibility);
  const team = request.team === undefined ? null : book.team(request.team);
  const owner = request.owner === undefined ? null : book.user(request.owner);
  if (team === undefined || owner === undefined || visibility === undefined) return null;
  if (owner?.isActive === false) book.problems.push(`${owner.email} is not active: it can own nothing`);
  const given: Partial<Record<OwnedColumn, Sql>> = {
    ...(owner === null ? {} : { team_id: followed(book, owner.email), owner_email: sql`${owner.email}` }),
    ...(team === null ? {} : { team_id: sql`${team.id}` }),
    ...(visibility === null ? {} : { visibility: sql`${visibility}` }),
  };
  const now = (column: OwnedColumn) => sql.ref(`t.${column}`);
  const differs = OWNED_COLUMNS.map((column) => {
    const value = given[column];
    return value === undefined
      ? sql`${now(column)} IS NULL`
      : sql`(${now(column)} IS NULL OR ${now(column)} <> ${value})`;
  });
  return {
    values: {
      team_id: given.team_id ?? now('team_id'),
      owner_email: given.owner_email ?? now('owner_email'),
      visibility: given.visibility ?? now('visibility'),
    },
    columns: OWNED_COLUMNS.filter((column) => given[column] !== undefined),
    differs: sql`(${sql.join(differs, sql` OR `)})`,
  };
}

/**
 * What was in the personal team of another goes to the new owner's: a row has a team always. That may be one that
 * this very plan makes; without one it is a text that is no team, which is found and refused.
 */
function followed({ pages, yes }: Book, email: string): Sql {
  const planned = [...pages.values()].find(({ team, members }) => team.isPersonal && members.has(email));
  const personal = sql`p.is_personal = ${yes} AND p.created_by`;
  return sql`CASE WHEN t.team_id IS NULL OR t.team_id IN (SELECT p.id FROM email_teams p WHERE ${personal} <> ${email})
    THEN coalesce((SELECT min(p.id) FROM email_teams p WHERE ${personal} = ${email} AND p.is_active = ${yes}),
      ${planned?.team.id ?? ''}) ELSE t.team_id END`;
}

const groupsOf = ({ db }: Book, { name }: OwnedTable, rows: Sql, { values }: Finals) =>
  db.query<Moving['groups'][number]>(sql`
    SELECT f.team_id, f.owner_email, f.visibility, count(*) AS n FROM (
      SELECT ${values.team_id} AS team_id, ${values.owner_email} AS owner_email, ${values.visibility} AS visibility
      FROM ${sql.table(name)} t WHERE ${rows}
    ) f GROUP BY f.team_id, f.owner_email, f.visibility`);

const rowsIn = (groups: Moving['groups']) => groups.reduce((sum, { n }) => sum + Number(n), 0);
const counted = ({ name }: OwnedTable, n: unknown) => `${name}: ${plural(Number(n), 'row')}`;

/** No row may be left without team or owner, nor get into the personal team of somebody else (CONFIGURATION D). */
function refuseUnfit(
  { pages, problems, warnings }: Book,
  { table, groups, finals: { columns } }: Moving,
): void {
  for (const { team_id, owner_email, visibility, n } of groups) {
    const rows = counted(table, n);
    const page = pages.get(team_id ?? '');
    if (team_id === null || owner_email === null) {
      problems.push(
        advise`${rows} would have no ${team_id === null ? 'team' : 'owner'}, and the next start of the gateway makes such rows public. What gives them one: ${mcpgw('fix', '--only', 'ownership.orphans')}`,
      );
    } else if (team_id === '') {
      problems.push(
        advise`${rows} would be without a team, since ${owner_email} has no personal team. What makes it one: ${mcpgw('fix', '--only', 'users.no-personal-team')}`,
      );
    } else if (page?.team.isPersonal !== true) continue;
    else if (columns.includes('team_id') && !isMember(page, owner_email)) {
      problems.push(
        `${rows} of ${owner_email} would be in “${page.team.name}”, the personal team of somebody else`,
      );
    } else if (visibility === 'team')
      warnings.push(`${rows} visible to “${page.team.name}”, which is one person: private in effect.`);
  }
}

const isMember = ({ members }: TeamPage, email: string) => members.get(email)?.isActive === true;

/** Owners who are no members of the team: they see their rows, and the team’s others see what is not theirs. */
function warnOfStrangers({ pages, warnings }: Book, groups: Moving['groups']): void {
  const strangers = new Map<TeamPage, Set<string>>();
  for (const { team_id, owner_email } of groups) {
    const page = pages.get(team_id ?? '');
    if (page === undefined || owner_email === null || page.team.isPersonal || isMember(page, owner_email))
      continue;
    strangers.set(page, (strangers.get(page) ?? new Set()).add(owner_email));
  }
  for (const [{ team }, emails] of strangers) {
    const some = [...emails].slice(0, 3);
    const more = emails.size > some.length ? ` and ${emails.size - some.length} more` : '';
    warnings.push(
      advise`${some.join(', ')}${more} would own rows of “${team.name}” without being a member of it. To make them members: ${mcpgw('team', 'add', team.slug, ...some)}`,
    );
  }
}

async function refuseCollisions(
  { db, pages, problems }: Book,
  { table, rows, finals }: Moving,
): Promise<void> {
  const { team_id: team, owner_email: owner } = finals.values;
  const { count, collisions } = await findCollisions(db, { table, rows, team, owner }, SHOWN);
  for (const { id, column, value, teamId, ownerEmail } of collisions) {
    const where = pages.get(teamId)?.team.slug ?? teamId;
    problems.push(
      `${table.name} ${id}: ${ownerEmail} would have the ${column} “${value}” twice in the team ${where}`,
    );
  }
  if (count > collisions.length)
    problems.push(`${counted(table, count - collisions.length)} more that would be there twice`);
}

/** Servers that their members see, with parts that they do not. */
async function warnOfParts(
  { db, schema, warnings }: Book,
  chosen: ChosenRows,
  { values }: Finals,
): Promise<void> {
  const servers = chosen('servers', 't');
  const { team_id, visibility } = values;
  const hidden: string[] = [];
  for (const { table, column, to } of servers === null || !schema.has('servers') ? [] : ASSOCIATIONS) {
    const seen = sql`(p.visibility = 'public' OR (${visibility} = 'team' AND p.visibility = 'team' AND p.team_id = ${team_id}))`;
    const [row] = await db.query<{ n: unknown }>(sql`
      SELECT count(*) AS n FROM servers t JOIN ${sql.table(table)} a ON a.server_id = t.id
        JOIN ${sql.table(to)} p ON p.id = a.${sql.ref(column)}
      WHERE ${servers} AND ${visibility} <> 'private' AND NOT ${seen} AND NOT ${chosen(to, 'p') ?? sql`1 = 0`}`);
    if (Number(row?.n) > 0) hidden.push(`${row?.n} of ${to}`);
  }
  if (hidden.length > 0)
    warnings.push(
      `Who sees these servers does not see all that they offer: ${hidden.join(', ')}. --cascade takes it along.`,
    );
}

/** A line for each row, with what it was and becomes. */
async function rowLines(book: Book, { table, rows, finals: { values } }: Moving): Promise<string[]> {
  const label = sql.ref(`t.${table.label}`);
  const found = await book.db.query<Readonly<Record<string, string | number | null>>>(sql`
    SELECT t.id AS id, ${label} AS label, t.team_id AS team0, t.owner_email AS owner0, t.visibility AS visibility0,
           ${values.team_id} AS team1, ${values.owner_email} AS owner1, ${values.visibility} AS visibility1
    FROM ${sql.table(table.name)} t WHERE ${rows} ORDER BY ${label}, t.id`);
  await readTeams(
    book,
    found.flatMap(({ team0 }) => (team0 === null ? [] : `${team0}`)),
  );
  const nameOf = (value: unknown) => book.pages.get(`${value}`)?.team.slug ?? value ?? 'none';
  return found.map((row) => {
    const parts = ['team', 'owner', 'visibility'].flatMap((what) => {
      const [was, is] = [row[`${what}0`], row[`${what}1`]];
      return was === is ? [] : [`${what} ${nameOf(was)} → ${nameOf(is)}`];
    });
    return `${table.name} ${row.id} “${row.label}”: ${parts.join(', ')}`;
  });
}

function update({ db, now, actor }: Book, { audit = false }: AssignRequest, { table, rows, finals }: Moving) {
  const set = [
    ...finals.columns.map((column) => sql`${sql.ref(column)} = ${finals.values[column]}`),
    ...(audit
      ? [
          sql`version = coalesce(version, 0) + 1`,
          sql`updated_at = ${db.dialect.timestamp(now)}, modified_by = ${actor}, modified_via = ${'mcpgw'}`,
        ]
      : []),
  ];
  const kept = sql.raw(audit ? '' : db.dialect.kept(table.name));
  return written(
    db,
    table.name,
    sql`UPDATE ${sql.table(table.name)} AS t SET ${sql.join(set)}${kept} WHERE ${rows}`,
  );
}
