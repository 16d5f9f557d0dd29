import { sql } from 'kysely';
import { isTrue } from '../database/is-true.ts';
import type { Statement } from '../database/statement.ts';
import { type TeamUsage, teamUsage } from '../ownership/team-usage.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { noUser } from './admin-user.ts';
import type { Check, CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { rowLine } from './row-line.ts';
import { seedStatements } from './seed-statements.ts';

interface TeamState {
  readonly id: string;
  readonly name: string;
  readonly is_active: unknown;
  readonly visibility: string;
}

interface PersonalTeams {
  /** The one that stays: what everything else takes for the personal team. */
  readonly kept: TeamState | undefined;
  /** Other active ones, of which the gateway might find any. */
  readonly others: readonly { readonly team: TeamState; readonly usage: TeamUsage }[];
}

const personalTeams = perContext(async ({ db, schema, adminEmail, seed }): Promise<PersonalTeams> => {
  const yes = db.dialect.boolean(true);
  const teams = await db.query<TeamState>(
    sql`SELECT id, name, is_active, visibility FROM email_teams
        WHERE created_by = ${adminEmail} AND is_personal = ${yes} ORDER BY created_at, id`,
  );
  const others = [];
  for (const team of teams) {
    if (team.id === seed?.teamId || !isTrue(team.is_active)) continue;
    others.push({ team, usage: await teamUsage(db, schema, team.id) });
  }
  return { kept: teams.find(({ id }) => id === seed?.teamId), others };
});

const isUsed = ({ rows, others }: TeamUsage) => rows + others > 0;

/** The administrator has one personal team, active and private: new rows of theirs go there. */
export const personalTeam: Check = {
  id: 'team.personal',
  title: 'The administrator’s personal team',
  level: 'error',
  requires: ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'],
  hint: advise`Run: ${mcpgw('fix', '--only', 'team.personal')}`,
  async find(context) {
    if (context.seed === null) return noUser(context.adminEmail);
    const { kept, others } = await personalTeams(context);
    const used = others.filter(({ usage }) => isUsed(usage));
    const sample = [...keptProblems(context, kept), ...others.map(otherLine)];
    return {
      count: sample.length,
      sample,
      unfixable: used.length,
      ...(used.length > 0
        ? {
            hint: advise`More than one personal team is in use, and which one to keep is yours to say: move what belongs to one of them to the other in the gateway, then run: ${mcpgw('fix', '--only', 'team.personal')}`,
          }
        : {}),
    };
  },
  async repair(context) {
    const { db } = context;
    const { kept, others } = await personalTeams(context);
    const summary: string[] = [];
    const statements: Statement[] = [...seedStatements(context, 'team')];
    summary.push(...(context.seed?.parts.find(({ id }) => id === 'team')?.created ?? []));
    if (kept?.visibility === 'public') {
      summary.push(`team “${kept.name}” becomes private`);
      statements.push({
        ...db.compile(sql`UPDATE email_teams SET visibility = 'private' WHERE id = ${kept.id}`),
        counts: 'written',
        table: 'email_teams',
      });
    }
    for (const { team, usage } of others) {
      if (isUsed(usage)) continue;
      summary.push(`team ${team.id} “${team.name}”, which nothing belongs to, becomes inactive`);
      statements.push({
        ...db.compile(
          sql`UPDATE email_teams SET is_active = ${db.dialect.boolean(false)} WHERE id = ${team.id}`,
        ),
        counts: 'written',
        table: 'email_teams',
      });
    }
    return statements.length === 0 ? null : { summary, statements };
  },
};

function keptProblems({ adminEmail }: CheckContext, kept: TeamState | undefined): string[] {
  if (kept === undefined) return [`${adminEmail} has no personal team`];
  return [
    ...(isTrue(kept.is_active) ? [] : [rowLine('email_teams', kept.id, kept.name, 'not active')]),
    // Visibilities that teams cannot have are `team.visibility`'s.
    ...(kept.visibility === 'public' ? [rowLine('email_teams', kept.id, kept.name, 'public')] : []),
  ];
}

function otherLine({ team, usage }: PersonalTeams['others'][number]): string {
  const what = isUsed(usage)
    ? `with ${plural(usage.rows, 'row')} and ${plural(usage.others, 'other member')}`
    : 'which nothing belongs to';
  return rowLine('email_teams', team.id, team.name, `another active personal team, ${what}`);
}
