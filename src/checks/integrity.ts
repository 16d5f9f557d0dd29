import { advise, mcpgw } from '../report/advice.ts';
import { type Check, CLEAN } from './check.ts';

/**
 * What the database itself finds wrong with its file. Servers look after their own storage and have no such
 * check that only reads; there is nothing to ask them.
 */
export const integrity: Check = {
  id: 'database.integrity',
  title: 'Integrity of the database file (SQLite)',
  level: 'error',
  hint: advise`Stop the gateway. What is damaged, and what repairs it: ${mcpgw('doctor')}`,
  async find({ db }) {
    const problems = await db.dialect.integrityProblems(db);
    return problems === null ? CLEAN : { count: problems.length, sample: problems };
  },
};
