import { MIGRATIONS } from '../../../migrations/index.ts';
import type { DoctorCheck } from '../../checks/check.ts';
import { record } from '../../migrate/record.ts';
import { judgeSite } from '../../migrate/site-objects.ts';
import { sqlCommand } from '../../report/advice.ts';
import { OWNED_TABLES, VERSION_TABLE } from '../../schema/gateway-tables.ts';
import type { OpenContext } from '../context.ts';

/** Everything is made ready, whatever rows there are. */
const NO_ROWS = { nulls: () => 0, missingFrom: () => 0 };
const NOBODY = { teamId: null, ownerEmail: null, visibility: 'private' };

/** What a site has put on the gateway's tables, and whether a migration goes together with it. */
export const siteObjects: DoctorCheck<OpenContext> = {
  id: 'database.site-objects',
  title: 'A migration goes together with what this site has added to the gateway’s tables',
  level: 'error',
  hint: 'Triggers, foreign keys, views and policies that are not the gateway’s would stop the migration, or would not work any more after it. Do what each line says before you migrate.',
  preflight: 'refuse',
  async find({ db, schema: before }) {
    const facts = { ...NO_ROWS, zonedTimes: db.dialect.zonedTimes };
    const { steps, schema: after } = record(MIGRATIONS, 'up', before, db.dialect, facts, NOBODY);
    const isPending = steps.some(({ statements }) => statements.length > 0);
    const written = new Set(isPending ? [...OWNED_TABLES.map(({ name }) => name), VERSION_TABLE] : []);
    const { refused, first, noted, kept } = await judgeSite(db, { before, after, written, mends: isPending });
    const goingOn = [...noted, ...kept.map((name) => `${name} goes on as it is`)];
    return {
      count: refused.length,
      sample: refused.length > 0 ? refused : [...new Set(goingOn)],
      command: sqlCommand(...first.map((sql) => `${sql};`)),
      notes: isPending ? noted : [],
    };
  },
};
