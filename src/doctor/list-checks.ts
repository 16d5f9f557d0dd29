import { checksOf } from '../checks/registry.ts';
import type { Section } from '../report/report.ts';

const DATABASES = { sqlite: 'SQLite', postgresql: 'PostgreSQL', mysql: 'MySQL' } as const;

/** Every check of the doctor, with the databases it is made on, for `--list`. */
export async function listChecks(): Promise<Section> {
  const rows = new Map<string, [id: string, on: string, level: string, repair: string, title: string]>();
  const kinds = Object.keys(DATABASES) as (keyof typeof DATABASES)[];
  const all = await Promise.all(kinds.map(checksOf));
  for (const scope of ['settings', 'machine', 'outside', 'inside', 'state', 'access'] as const) {
    for (const [i, kind] of kinds.entries()) {
      for (const { id, level, title, repair } of all[i]?.[scope] ?? []) {
        const known = rows.get(id);
        if (known === undefined)
          rows.set(id, [id, DATABASES[kind], level, repair === undefined ? '' : 'yes', title]);
        else known[1] += `, ${DATABASES[kind]}`;
      }
    }
  }
  for (const row of rows.values()) row[1] = row[1] === Object.values(DATABASES).join(', ') ? 'all' : row[1];
  const columns = ['id', 'database', 'level', 'repair', 'what is so when nothing is found'];
  return { id: 'checks', title: 'Checks', columns, rows: [...rows.values()] };
}
