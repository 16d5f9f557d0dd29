import type { Check } from './check.ts';

/** Every table that the migrations lead to is there; others are nobody's business. */
export const schemaTables: Check = {
  id: 'schema.tables',
  title: 'Tables',
  level: 'error',
  hint: 'Run: mcpgw migrate',
  async find({ schema, target }) {
    const missing = [...target.keys()].filter((name) => !schema.has(name));
    return { count: missing.length, sample: missing.map((name) => `${name}: the table is missing`) };
  },
};
