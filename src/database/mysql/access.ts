import { sql } from 'kysely';
import type { Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import type { MissingAccess } from '../dialect.ts';
import { quoteMysql as q } from './ddl.ts';

/** See `Dialect.missingAccess`. Only grants on single tables; of other accounts the server shows them to few users. */
export async function missingMysqlAccess(
  db: Connection,
  tables: readonly Table[],
): Promise<readonly MissingAccess[]> {
  const grants = await db.query<{ name: string; who: string; privilege: string; own: unknown }>(sql`
    SELECT p.TABLE_NAME AS name, p.GRANTEE AS who, p.PRIVILEGE_TYPE AS privilege,
           EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES u WHERE u.IS_GRANTABLE = 'YES'
                   AND u.GRANTEE = concat('''', replace(current_user(), '@', '''@'''), '''')) OR
           EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES s WHERE s.IS_GRANTABLE = 'YES'
                   AND s.GRANTEE = concat('''', replace(current_user(), '@', '''@'''), '''')
                   AND database() LIKE s.TABLE_SCHEMA) AS own
    FROM information_schema.TABLE_PRIVILEGES p
    WHERE p.TABLE_SCHEMA = database() AND p.PRIVILEGE_TYPE IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES s WHERE s.GRANTEE = p.GRANTEE
                      AND s.PRIVILEGE_TYPE = p.PRIVILEGE_TYPE AND database() LIKE s.TABLE_SCHEMA)`);
  const has = new Set(grants.map(({ name, who, privilege }) => [name, who, privilege].join('\n')));
  const wanted = grants.filter(({ name }) => name === 'tools');
  return tables.flatMap(({ name: table }) =>
    [...new Set(wanted.map(({ who }) => who))].flatMap((who): MissingAccess[] => {
      const lacks = wanted.filter((g) => g.who === who && !has.has([table, who, g.privilege].join('\n')));
      const privileges = lacks.map(({ privilege }) => privilege).join(', ');
      const mine = Number(lacks[0]?.own) === 1;
      const statements = [`GRANT ${privileges} ON ${q(table)} TO ${who}`];
      return privileges === '' ? [] : [{ table, who, privileges, mine, statements }];
    }),
  );
}
