import type { Section } from '../report/report.ts';
import { ACCESS_EXAMINATIONS } from './access/examinations.ts';
import { DATA_EXAMINATIONS } from './data/examinations.ts';
import type { Examination } from './examination.ts';
import { MACHINE_EXAMINATIONS } from './machine/examinations.ts';
import { MYSQL_EXAMINATIONS } from './mysql/examinations.ts';
import { POSTGRESQL_EXAMINATIONS } from './postgresql/examinations.ts';
import { databaseOpens } from './run-doctor.ts';
import { SETTINGS_EXAMINATIONS } from './settings/examinations.ts';
import { SQLITE_EXAMINATIONS } from './sqlite/examinations.ts';

type Listed = Pick<Examination<never>, 'id' | 'level' | 'title'> & { repair?: unknown };

/** Every examination there is, with the databases it is made on, for `--list`. */
export function listExaminations(): Section {
  const rows = new Map<string, [id: string, on: string, level: string, repair: string, title: string]>();
  const add = (on: string, examinations: readonly Listed[]) => {
    for (const { id, level, title, repair } of examinations) {
      const known = rows.get(id);
      if (known === undefined) rows.set(id, [id, on, level, repair === undefined ? '' : 'yes', title]);
      else known[1] += `, ${on}`;
    }
  };
  const databases = [
    ['SQLite', SQLITE_EXAMINATIONS],
    ['PostgreSQL', POSTGRESQL_EXAMINATIONS],
    ['MySQL', MYSQL_EXAMINATIONS],
  ] as const;
  add('all', [...SETTINGS_EXAMINATIONS, ...MACHINE_EXAMINATIONS]);
  for (const [name, { outside }] of databases) add(name, outside);
  add('all', [databaseOpens]);
  for (const [name, { inside }] of databases) add(name, inside);
  add('all', [...DATA_EXAMINATIONS, ...ACCESS_EXAMINATIONS]);
  return {
    id: 'examinations',
    title: 'Examinations',
    columns: ['id', 'database', 'level', 'repair', 'what is so when nothing is found'],
    rows: [...rows.values()],
  };
}
