import { sql } from 'kysely';
import type { Dialect } from '../database/dialect.ts';
import { isOutside, TEAM_VISIBILITIES } from '../ownership/visibility.ts';
import { advise, mcpgw } from '../report/advice.ts';
import type { Check } from './check.ts';
import { rowLine } from './row-line.ts';

const outside = (dialect: Dialect) => isOutside(dialect, 'visibility', TEAM_VISIBILITIES);

/** Teams are private or public; a pre-release let them be `team` as well (COMPATIBILITY §2). */
export const teamVisibility: Check = {
  id: 'team.visibility',
  title: 'Teams are private or public',
  level: 'error',
  requires: ['email_teams'],
  hint: advise`They become private.\nRun: ${mcpgw('fix', '--only', 'team.visibility')}`,
  async find({ db, sampleSize }) {
    const rows = await db.query<{ id: string; name: string; visibility: string | null; total: unknown }>(
      sql`SELECT id, name, visibility, count(*) OVER () AS total FROM email_teams WHERE ${outside(db.dialect)}
          ORDER BY id LIMIT ${sql.lit(sampleSize)}`,
    );
    return {
      count: Number(rows[0]?.total ?? 0),
      sample: rows.map(({ id, name, visibility }) =>
        rowLine(
          'email_teams',
          id,
          name,
          visibility === null ? 'no visibility' : `visibility “${visibility}”`,
        ),
      ),
    };
  },
  async repair({ db, repaired }, { count }) {
    repaired.add('email_teams.visibility');
    return {
      summary: [`${count === 1 ? '1 team becomes' : `${count} teams become`} private`],
      statements: [
        {
          ...db.compile(sql`UPDATE email_teams SET visibility = 'private' WHERE ${outside(db.dialect)}`),
          counts: 'written',
          table: 'email_teams',
        },
      ],
    };
  },
};
