import { statement } from '../database/statement.ts';
import { advise, mcpgw, sqlCommand } from '../report/advice.ts';
import type { Check, CheckContext } from './check.ts';
import { perContext } from './per-context.ts';

const missing = perContext(({ db, schema, target }: CheckContext) =>
  db.dialect.missingAccess(
    db,
    [...target.values()].filter(({ name }) => schema.has(name)),
  ),
);

/** A run by another user than the gateway's must not leave tables that the gateway cannot use. */
export const schemaAccess: Check = {
  id: 'schema.access',
  title: 'Who may use the tools may use every table',
  level: 'error',
  requires: ['tools'],
  hint: advise`Run: ${mcpgw('fix', '--only', 'schema.access')}`,
  async find(context) {
    const found = await missing(context);
    const foreign = found.filter(({ mine }) => !mine);
    const grants = sqlCommand(...foreign.flatMap(({ statements }) => statements.map((text) => `${text};`)));
    return {
      count: found.length,
      sample: found.map(({ table, who, privileges }) => `${table}: ${who} may not ${privileges}`),
      unfixable: foreign.length,
      ...(grants && { hint: advise`Have the owner of the tables run: ${grants}` }),
    };
  },
  async repair(context) {
    const own = (await missing(context)).filter(({ mine }) => mine);
    return {
      summary: own.map(({ table, who, privileges }) => `${table}: ${who} may ${privileges}`),
      statements: own.flatMap(({ statements }) => statements.map((text) => statement(text))),
    };
  },
};
