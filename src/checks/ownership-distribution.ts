import { thousands } from '../report/thousands.ts';
import type { Check } from './check.ts';
import { OWNERSHIP_TABLES } from './owned-rows.ts';
import { scanOwnedTables } from './owned-table-scan.ts';

const SHOWN = [
  ['public', 'public'],
  ['team', 'team'],
  ['private', 'private'],
  ['', 'of no known visibility'],
] as const;

/** How many rows of each owned table who sees: a line for each table that has rows. */
export const ownershipDistribution: Check = {
  id: 'ownership.distribution',
  title: 'Rows by visibility',
  level: 'info',
  requires: OWNERSHIP_TABLES,
  hint: '',
  async find(context) {
    const { tables, lacking } = await scanOwnedTables(context);
    if (tables.length === 0) {
      return { count: 0, sample: [], skipped: `${lacking.join(', ')} without visibility (schema.columns)` };
    }
    const sample = tables.flatMap(({ table, visibilities }) => {
      const parts = SHOWN.flatMap(([visibility, text]) => {
        const rows = visibilities.get(visibility) ?? 0;
        return rows === 0 ? [] : [`${thousands(rows)} ${text}`];
      });
      return parts.length === 0 ? [] : [`${table.name}: ${parts.join(', ')}`];
    });
    return { count: sample.length, sample };
  },
};
