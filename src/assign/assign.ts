import { type RawBuilder, sql } from 'kysely';
import type { Book } from '../accounts/book.ts';
import { wordOf } from '../accounts/members.ts';
import { ASSOCIATIONS } from '../configuration/entities.ts';
import { isTrue } from '../database/is-true.ts';
import { written } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
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
/** Servers and gateways last: which rows belong to them is asked of them as they were. */
const ORDER = ['tools', 'resources', 'prompts', 'a2a_agents', 'servers', 'gateways'].flatMap((name) =>
  OWNED_TABLES.filter((table) => table.name === name),
);

type OwnedColumn = 'team_id' | 'owner_email' | 'visibility';

/** What rows become. */
interface Finals {
  /** SQL for each column of `t` afterwards. */
  readonly values: Readonly<Record<OwnedColumn, RawBuilder<unknown>>>;
  /** The columns that the request is about. */
  readonly columns: readonly OwnedColumn[];
  /** SQL that is true for a row of `t` that is not so yet, or lacks team or owner. */
  readonly differs: RawBuilder<unknown>;
}

/** Rows that become the same. */
interface Group {
  readonly team_id: string | null;
  readonly owner_email: string | null;
  readonly visibility: string | null;
  readonly n: number;
}

interface TeamFacts {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly isPersonal: boolean;
  /** Active ones. */
  readonly members: ReadonlySet<string>;
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
  const finals = await finalsOf(book, request);
  if (finals === null) return;
  const found: { table: OwnedTable; rows: RawBuilder<unknown>; groups: Group[] }[] = [];
  for (const table of ORDER) {
    const which = book.schema.has(table.name) ? chosen(table.name, 't') : null;
    if (which === null) continue;
    const rows = sql`(${which} AND ${finals.differs})`;
    const groups = await groupsOf(book, table, rows, finals);
    if (groups.length > 0) found.push({ table, rows, groups });
  }
  const all = found.flatMap(({ groups }) => groups);
  const total = rowsIn(all);
  const teams = await teamsOf(book, all);
  for (const { table, groups } of found) refuseUnfit(book, request, { table, groups, teams });
  warnOfStrangers(book, all, teams);
  if (request.cascade !== true) await warnOfParts(book, chosen, finals);
  for (const { table, rows, groups } of found) {
    const moving = { table, rows, finals, teams };
    if (request.team !== undefined || request.owner !== undefined) await refuseCollisions(book, moving);
    const lines = total > SHOWN ? [countLine(table, groups)] : await rowLines(book, moving);
    const statement = update(book, request, moving);
    for (const [i, line] of lines.entries()) book.write('assign:rows', line, i === 0 ? [statement] : []);
  }
}

function refuseEmpty(request: AssignRequest): void {
  const { rows, type, tag, teamFrom, ownerFrom, visibilityFrom, gateway, server } = request;
  const lists = [rows, type, tag, teamFrom, ownerFrom, visibilityFrom, gateway, server];
  const details = [
    ...(lists.some((list) => (list ?? []).length > 0)
      ? []
      : ['Say which rows: tool:NAME, --type, --tag, --team-from, --owner-from, --gateway …']),
    ...([request.team, request.owner, request.visibility].some((value) => value !== undefined)
      ? []
      : ['Say what they become: --team, --owner or --visibility']),
  ];
  if (details.length > 0)
    throw new GatewayError('USAGE', 'There is nothing to assign.', { details, hint: 'Nothing was changed.' });
}

/** Null where something that is named is not there, which is a problem of the book. */
async function finalsOf(book: Book, request: AssignRequest): Promise<Finals | null> {
  const visibility =
    request.visibility === undefined ? null : wordOf(book, 'visibility', request.visibility, VISIBILITIES);
  for (const text of request.visibilityFrom ?? []) wordOf(book, 'visibility', text, VISIBILITIES);
  const team = request.team === undefined ? null : book.team(request.team);
  const owner = request.owner === undefined ? null : book.user(request.owner);
  if (team === undefined || owner === undefined || visibility === undefined) return null;
  if (owner?.isActive === false) book.problems.push(`${owner.email} is not active: it can own nothing`);
  const given: Partial<Record<OwnedColumn, RawBuilder<unknown>>> = {
    ...(team !== null
      ? { team_id: sql`${team.id}` }
      : owner !== null
        ? { team_id: await followed(book, owner.email) }
        : {}),
    ...(owner === null ? {} : { owner_email: sql`${owner.email}` }),
    ...(visibility === null ? {} : { visibility: sql`${visibility}` }),
  };
  const differs = OWNED_COLUMNS.map((column) => {
    const now = sql.ref(`t.${column}`);
    return given[column] === undefined
      ? sql`${now} IS NULL`
      : sql`(${now} IS NULL OR ${now} <> ${given[column]})`;
  });
  const now = {
    team_id: sql.ref('t.team_id'),
    owner_email: sql.ref('t.owner_email'),
    visibility: sql.ref('t.visibility'),
  };
  return {
    values: { ...now, ...given },
    columns: OWNED_COLUMNS.filter((column) => given[column] !== undefined),
    differs: sql`(${sql.join(differs, sql` OR `)})`,
  };
}

/** What was in the personal team of another goes to the new owner's: a row has a team always. */
async function followed(book: Book, email: string): Promise<RawBuilder<unknown>> {
  const yes = book.db.dialect.boolean(true);
  // Without one, a text that is no team: it is found, and refused.
  const personal = (await personalTeamOf(book, email)) ?? '';
  return sql`CASE WHEN t.team_id IS NULL OR t.team_id IN
    (SELECT p.id FROM email_teams p WHERE p.is_personal = ${yes} AND p.created_by <> ${email})
    THEN ${personal} ELSE t.team_id END`;
}

async function personalTeamOf({ db, pages }: Book, email: string): Promise<string | null> {
  const yes = db.dialect.boolean(true);
  const [row] = await db.query<{ id: string }>(
    sql`SELECT id FROM email_teams WHERE created_by = ${email} AND is_personal = ${yes} AND is_active = ${yes}
        ORDER BY created_at, id LIMIT 1`,
  );
  // One that this very plan makes.
  const planned = [...pages.values()].find(({ team, members }) => team.isPersonal && members.has(email));
  return row?.id ?? planned?.team.id ?? null;
}

async function groupsOf(
  { db }: Book,
  { name }: OwnedTable,
  rows: RawBuilder<unknown>,
  { values: { team_id, owner_email, visibility } }: Finals,
): Promise<Group[]> {
  const groups = await db.query<Group>(sql`
    SELECT f.team_id, f.owner_email, f.visibility, count(*) AS n FROM (
      SELECT ${team_id} AS team_id, ${owner_email} AS owner_email, ${visibility} AS visibility
      FROM ${sql.table(name)} t WHERE ${rows}
    ) f GROUP BY f.team_id, f.owner_email, f.visibility`);
  return groups.map((group) => ({ ...group, n: Number(group.n) }));
}

const rowsIn = (groups: readonly Group[]) => groups.reduce((sum, { n }) => sum + n, 0);

/** The teams that rows come to, as they are and as the plan makes them. */
async function teamsOf(
  { db, pages }: Book,
  groups: readonly Group[],
): Promise<ReadonlyMap<string, TeamFacts>> {
  const ids = [...new Set(groups.flatMap(({ team_id }) => team_id ?? []))];
  const teams = new Map<string, TeamFacts>();
  if (ids.length === 0) return teams;
  const rows = await db.query<{ id: string; slug: string; name: string; is_personal: unknown }>(
    sql`SELECT id, slug, name, is_personal FROM email_teams WHERE id IN (${sql.join(ids)})`,
  );
  const members = await db.query<{ team_id: string; user_email: string }>(
    sql`SELECT team_id, user_email FROM email_team_members
        WHERE is_active = ${db.dialect.boolean(true)} AND team_id IN (${sql.join(ids)})`,
  );
  const byTeam = new Map<string, Set<string>>(ids.map((id) => [id, new Set()]));
  for (const { team_id, user_email } of members) byTeam.get(team_id)?.add(user_email);
  for (const { id, slug, name, is_personal } of rows)
    teams.set(id, { id, slug, name, isPersonal: isTrue(is_personal), members: byTeam.get(id) ?? new Set() });
  for (const [id, { team, members: planned }] of pages) {
    if (!ids.includes(id)) continue;
    const active = [...planned.values()].filter(({ isActive }) => isActive).map(({ email }) => email);
    teams.set(id, { ...team, members: new Set(active) });
  }
  return teams;
}

/** No row may be left without team or owner, nor get into the personal team of somebody else (CONFIGURATION D). */
function refuseUnfit(
  book: Book,
  request: AssignRequest,
  {
    table,
    groups,
    teams,
  }: {
    readonly table: OwnedTable;
    readonly groups: readonly Group[];
    readonly teams: ReadonlyMap<string, TeamFacts>;
  },
): void {
  const moves = request.team !== undefined || request.owner !== undefined;
  for (const { team_id, owner_email, visibility, n } of groups) {
    const rows = `${table.name}: ${plural(n, 'row')}`;
    const team = teams.get(team_id ?? '');
    if (team_id === null || owner_email === null) {
      const lacks = team_id === null ? 'team' : 'owner';
      book.problems.push(
        advise`${rows} would have no ${lacks}, and the next start of the gateway makes such rows public. What gives them one: ${mcpgw('fix', '--only', 'ownership.orphans')}`,
      );
    } else if (team_id === '') {
      book.problems.push(
        advise`${rows} would be without a team, since ${owner_email} has no personal team. What makes it one: ${mcpgw('fix', '--only', 'users.no-personal-team')}`,
      );
    } else if (team?.isPersonal === true && moves && !team.members.has(owner_email)) {
      book.problems.push(
        `${rows} of ${owner_email} would be in “${team.name}”, the personal team of somebody else`,
      );
    } else if (team?.isPersonal === true && visibility === 'team') {
      book.warnings.push(`${rows} are visible to “${team.name}”, which is one person: private in effect.`);
    }
  }
}

/** Owners who are no members of the team: they see their rows, and the team’s others see what is not theirs. */
function warnOfStrangers(book: Book, groups: readonly Group[], teams: ReadonlyMap<string, TeamFacts>): void {
  const strangers = new Map<TeamFacts, Set<string>>();
  for (const { team_id, owner_email } of groups) {
    const team = teams.get(team_id ?? '');
    if (team === undefined || owner_email === null || team.isPersonal || team.members.has(owner_email))
      continue;
    strangers.set(team, (strangers.get(team) ?? new Set()).add(owner_email));
  }
  for (const [team, emails] of strangers) {
    const some = [...emails].slice(0, 3);
    const who = `${some.join(', ')}${emails.size > some.length ? ` and ${emails.size - some.length} more` : ''}`;
    book.warnings.push(
      advise`${who} would own rows of “${team.name}” without being a member of it. To make them members: ${mcpgw('team', 'add', team.slug, ...some)}`,
    );
  }
}

interface Moving {
  readonly table: OwnedTable;
  /** Those that change: SQL over `t`. */
  readonly rows: RawBuilder<unknown>;
  readonly finals: Finals;
  readonly teams: ReadonlyMap<string, TeamFacts>;
}

async function refuseCollisions(book: Book, { table, rows, finals, teams }: Moving): Promise<void> {
  const { team_id: team, owner_email: owner } = finals.values;
  const { count, collisions } = await findCollisions(book.db, { table, rows, team, owner }, SHOWN);
  for (const { id, column, value, teamId, ownerEmail } of collisions) {
    const name = teams.get(teamId)?.slug ?? teamId;
    book.problems.push(
      `${table.name} ${id}: ${ownerEmail} would have the ${column} “${value}” twice in the team ${name}`,
    );
  }
  if (count > collisions.length)
    book.problems.push(`${table.name}: ${count - collisions.length} more rows that would be there twice`);
}

/** Servers that their members see, with parts that they do not. */
async function warnOfParts(
  { db, schema, warnings }: Book,
  chosen: ChosenRows,
  finals: Finals,
): Promise<void> {
  const servers = chosen('servers', 't');
  if (servers === null) return;
  const { team_id, visibility } = finals.values;
  const hidden: string[] = [];
  for (const { table, column, to } of ASSOCIATIONS) {
    if (!schema.has(table) || !schema.has(to)) continue;
    const moved = chosen(to, 'p');
    const seen = sql`(p.visibility = 'public' OR (${visibility} = 'team' AND p.visibility = 'team' AND p.team_id = ${team_id}))`;
    const [row] = await db.query<{ n: unknown }>(sql`
      SELECT count(*) AS n FROM servers t JOIN ${sql.table(table)} a ON a.server_id = t.id
      JOIN ${sql.table(to)} p ON p.id = a.${sql.ref(column)}
      WHERE ${servers} AND ${visibility} <> 'private' AND NOT ${seen} ${moved === null ? sql`` : sql`AND NOT ${moved}`}`);
    const n = Number(row?.n ?? 0);
    if (n > 0) hidden.push(`${n} of ${to}`);
  }
  if (hidden.length > 0)
    warnings.push(
      `Who sees these servers does not see all that they offer: ${hidden.join(', ')}. --cascade takes it along.`,
    );
}

const countLine = ({ name }: OwnedTable, groups: readonly Group[]) =>
  `${name}: ${plural(rowsIn(groups), 'row')}`;

/** A line for each row, with what it was and becomes. */
async function rowLines({ db }: Book, { table, rows, finals, teams }: Moving): Promise<string[]> {
  const { team_id, owner_email, visibility } = finals.values;
  const found = await db.query<Record<string, string | number | null>>(sql`
    SELECT t.id AS id, ${sql.ref(`t.${table.label}`)} AS label, t.team_id AS team0, t.owner_email AS owner0,
           t.visibility AS visibility0, ${team_id} AS team1, ${owner_email} AS owner1, ${visibility} AS visibility1
    FROM ${sql.table(table.name)} t WHERE ${rows} ORDER BY ${sql.ref(`t.${table.label}`)}, t.id`);
  const ids = [...new Set(found.flatMap(({ team0 }) => team0 ?? []))];
  const before =
    ids.length === 0
      ? []
      : await db.query<{ id: string; slug: string }>(
          sql`SELECT id, slug FROM email_teams WHERE id IN (${sql.join(ids)})`,
        );
  const slugs = new Map([...before, ...teams.values()].map(({ id, slug }) => [id, slug]));
  const nameOf = (value: unknown) => (value === null ? 'none' : (slugs.get(String(value)) ?? String(value)));
  return found.map((row) => {
    const parts = ['team', 'owner', 'visibility'].flatMap((what) => {
      const [was, is] = [row[`${what}0`], row[`${what}1`]];
      return was === is ? [] : [`${what} ${nameOf(was)} → ${nameOf(is)}`];
    });
    return `${table.name} ${row.id} “${row.label}”: ${parts.join(', ')}`;
  });
}

function update(
  { db, now, actor }: Book,
  { audit }: AssignRequest,
  { table, rows, finals }: Moving,
): Statement {
  const audited = {
    version: sql`coalesce(version, 0) + 1`,
    updated_at: sql`${db.dialect.timestamp(now)}`,
    modified_by: sql`${actor}`,
    modified_via: sql`${'mcpgw'}`,
  };
  const set = [
    ...finals.columns.map((column) => [column, finals.values[column]] as const),
    ...(audit === true ? Object.entries(audited) : []),
  ].map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const kept = sql.raw(audit === true ? '' : db.dialect.kept(table.name));
  return written(
    db,
    table.name,
    sql`UPDATE ${sql.table(table.name)} AS t SET ${sql.join(set)}${kept} WHERE ${rows}`,
  );
}
