import { sql } from 'kysely';
import { isTrue } from '../database/is-true.ts';
import { written } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
import { sparingCollisions } from '../ownership/collisions.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { ACCOUNTS, membersFor } from './account-checks.ts';
import type { CheckContext } from './check.ts';
import { scanOwnedTables } from './owned-table-scan.ts';
import { rowCheck } from './row-check.ts';
import { rowLine } from './row-line.ts';

interface Stranger {
  readonly team_id: string;
  readonly owner_email: string;
  readonly name: string;
  readonly n: number;
  readonly is_personal: unknown;
}

/** Owners see their rows, and the members of the team see rows of somebody who is none of them. */
export const ownerNotInTeam = rowCheck<Stranger>({
  id: 'ownership.owner-not-in-team',
  title: 'Owners are members of the teams of their rows',
  needs: {
    ...ACCOUNTS,
    ...Object.fromEntries(OWNED_TABLES.map(({ name }) => [name, ['team_id', 'owner_email']])),
  },
  rows(context) {
    const yes = context.db.dialect.boolean(true);
    const counts = OWNED_TABLES.map(
      ({ name }) =>
        sql`SELECT team_id, owner_email, count(*) AS n FROM ${sql.table(name)} GROUP BY team_id, owner_email`,
    );
    return sql`SELECT g.team_id, g.owner_email, e.name, e.is_personal, sum(g.n) AS n
      FROM (${sql.join(counts, sql` UNION ALL `)}) g
        JOIN email_teams e ON e.id = g.team_id AND e.is_active = ${yes}
        JOIN email_users u ON u.email = g.owner_email AND u.is_active = ${yes}
        LEFT JOIN email_team_members m ON m.team_id = g.team_id AND m.user_email = g.owner_email AND m.is_active = ${yes}
      WHERE m.id IS NULL AND NOT (e.is_personal = ${yes} AND e.created_by = g.owner_email)
      GROUP BY g.team_id, g.owner_email, e.name, e.is_personal`;
  },
  line: ({ owner_email, name, n, is_personal }) =>
    `${owner_email} owns ${plural(Number(n), 'row')} of “${name}”${isTrue(is_personal) ? ', the personal team of somebody else' : ' and is no member of it'}`,
  async repair(strangers, context) {
    const isPersonal = (stranger: Stranger) => isTrue(stranger.is_personal);
    const joining = strangers.filter((stranger) => !isPersonal(stranger));
    const moving = strangers.some(isPersonal);
    return [
      ...(await membersFor(
        context,
        joining.map(({ team_id, owner_email }) => ({ teamId: team_id, email: owner_email })),
        'member',
      )),
      ...(moving ? OWNED_TABLES : []).map((table) => homeward(context, table)),
    ];
  },
});

/** Rows in the personal team of somebody else go to their owner's own, where that has no row of their name. */
function homeward({ db }: CheckContext, table: OwnedTable): Statement {
  const yes = db.dialect.boolean(true);
  const personal = sql`e.is_personal = ${yes} AND e.is_active = ${yes} AND e.created_by`;
  const team = sql`(SELECT min(e.id) FROM email_teams e WHERE ${personal} = t.owner_email)`;
  const rows = sql`(t.team_id IN (SELECT e.id FROM email_teams e WHERE ${personal} <> t.owner_email)
    AND t.owner_email IN (SELECT u.email FROM email_users u WHERE u.is_active = ${yes}) AND ${team} IS NOT NULL)`;
  const spared = sparingCollisions({ table, rows, team, owner: sql`t.owner_email` });
  const kept = sql.raw(db.dialect.kept(table.name));
  return written(
    db,
    table.name,
    sql`UPDATE ${sql.table(table.name)} AS t SET team_id = ${team}${kept} WHERE ${rows}${spared}`,
  );
}

interface Differing {
  readonly id: string;
  readonly of_table: string;
  readonly name: string;
  readonly visibility: string;
  readonly n: number;
}

const BROUGHT = ['tools', 'resources', 'prompts'] as const;

/** A change of a gateway's visibility leaves what it brought as it was (CONFIGURATION D1). */
export const gatewayVisibility = rowCheck<Differing>({
  id: 'gateways.visibility-differs',
  title: 'What a gateway brought is as visible as the gateway',
  needs: {
    email_users: ['email'],
    email_teams: ['id'],
    gateways: ['id', 'name', 'visibility'],
    ...Object.fromEntries(BROUGHT.map((name) => [name, ['gateway_id', 'visibility']])),
  },
  hint: advise`It may be meant so. To make what public gateways brought public, and so for private and team: ${mcpgw('fix', '--only', 'gateways.visibility-differs', '--visibility', 'public')}`,
  async rows(context) {
    const { tables } = await scanOwnedTables(context);
    const arePublic = (name: string) =>
      tables.some(
        ({ table, visibilities }) =>
          table.name === name &&
          [...visibilities].every(([visibility, n]) => visibility === 'public' || n === 0),
      );
    // After an upgrade all of them are, and no row has to be read.
    const doubtful = BROUGHT.filter((name) => !arePublic(name) || !arePublic('gateways'));
    if (doubtful.length === 0) return null;
    const parts = doubtful.map(
      (name) => sql`SELECT g.id, ${sql.lit(name)} AS of_table, g.name, g.visibility, count(*) AS n
        FROM ${sql.table(name)} t JOIN gateways g ON g.id = t.gateway_id
        WHERE t.visibility <> g.visibility GROUP BY g.id, g.name, g.visibility`,
    );
    return sql`${sql.join(parts, sql` UNION ALL `)}`;
  },
  line: ({ id, of_table, name, visibility, n }) =>
    rowLine('gateways', id, name, `${visibility}, and ${n} of its ${of_table} are not`),
  repairs: ({ overrides }) => overrides.visibility !== undefined,
  repair(found, { db, overrides: { visibility } }) {
    const tables = new Set(found.filter((one) => one.visibility === visibility).map((one) => one.of_table));
    return [...tables].map((name) =>
      written(
        db,
        name,
        sql`UPDATE ${sql.table(name)} SET visibility = ${visibility}${sql.raw(db.dialect.kept(name))}
          WHERE visibility <> ${visibility} AND gateway_id IN (SELECT g.id FROM gateways g WHERE g.visibility = ${visibility})`,
      ),
    );
  },
});
