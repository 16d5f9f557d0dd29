import type { DoctorCheck } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { inSavepoint } from '../../database/in-savepoint.ts';
import { openEveryTable } from '../../database/open-every-table.ts';
import { GatewayError } from '../../errors.ts';
import type { OpenContext } from '../context.ts';

/** Whether somebody keeps even readers out. Whatever asks for a table would wait for it in vain, one by one. */
export const readable: DoctorCheck<OpenContext> = {
  id: 'database.readable',
  title: 'No lock keeps readers from the tables',
  level: 'error',
  hint: 'A table is locked so that nobody can even read it: the gateway stands still, and every command waits.',
  decisive: true,
  async find({ db, schema }) {
    try {
      await inSavepoint(db, () => openEveryTable(db, schema.keys()));
      return CLEAN;
    } catch (error) {
      const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
      // What this user may not read is the business of the grants.
      if (known?.code === 'PERMISSION') return CLEAN;
      if (known?.code !== 'BUSY') throw error;
      return {
        count: 1,
        sample: [(await db.dialect.readBlocker(db))?.text ?? known.message],
        hint: 'Let it come to an end, or end it where it was begun (a schema change, LOCK TABLE, a forgotten client), and run this again.',
      };
    }
  },
};
