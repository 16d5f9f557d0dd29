import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { isKnown, readRevisions, recogniseState } from '../../migrate/state.ts';
import { commandIn } from '../../report/command-in.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** The database is in one of the states that a migration starts from or ends in (COMPATIBILITY §1). */
export const release: Examination<OpenContext> = {
  id: 'data.release',
  title: 'The release of the gateway’s data is known',
  level: 'error',
  meaning: 'mcpgw migrate refuses a database in a state that it does not know.',
  async find({ db, schema }) {
    try {
      const { description, revision } = recogniseState(schema, await readRevisions(db, schema));
      return { count: 0, sample: [revision === '' ? description : `${description} (revision ${revision})`] };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'STATE') throw error;
      return {
        count: 1,
        sample: [error.message, ...error.details],
        hint: error.hint,
        command: commandIn(error.hint),
      };
    }
  },
  async repair({ db, schema, connect }) {
    const [revision = '', ...more] = (await readRevisions(db, schema)) ?? [];
    const meant = revision.trim().toLowerCase();
    if (more.length > 0 || meant === revision || !isKnown(meant)) return null;
    return {
      summary: [`Write the revision “${revision}” as the gateway does: ${meant}`],
      async run() {
        const change = sql`UPDATE alembic_version SET version_num = ${meant} WHERE version_num = ${revision}`;
        await connect('write', (writer) => writer.run({ ...writer.compile(change), counts: 'written' }));
        return [`the revision is ${meant}`];
      },
    };
  },
};
