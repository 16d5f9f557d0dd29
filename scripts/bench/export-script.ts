import { ASSOCIATIONS, ENTITY_TYPES } from '../../src/configuration/entities.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import type { TestDialect } from '../../test/support/database-kinds.ts';

/** What an export has, as JSON by the native client: for each row an object of its columns. */
export function exportScript(dialect: TestDialect): string {
  const schema = releaseSchema('0.7.0');
  const tables = [...ENTITY_TYPES, ...ASSOCIATIONS].map(({ table }) => {
    const columns = schema.get(table)?.columns ?? [];
    const names = columns.map(({ name }) => name).join(', ');
    if (dialect === 'sqlite') return `SELECT ${names} FROM ${table};`;
    if (dialect === 'postgresql') return `SELECT row_to_json(t) FROM (SELECT ${names} FROM ${table}) t;`;
    const pairs = columns.map(
      ({ name, kind }) => `'${name}', ${kind === 'blob' ? `TO_BASE64(${name})` : name}`,
    );
    return `SELECT JSON_OBJECT(${pairs.join(', ')}) FROM ${table};`;
  });
  return [...(dialect === 'sqlite' ? ['.mode json'] : []), ...tables].join('\n');
}
