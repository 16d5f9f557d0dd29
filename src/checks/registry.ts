import { ACCESS_CHECKS } from '../doctor/access/checks.ts';
import type { DoctorContext, OpenContext, TargetContext } from '../doctor/context.ts';
import { STATE_CHECKS } from '../doctor/data/checks.ts';
import { databaseOpens } from '../doctor/database-opens.ts';
import { MACHINE_CHECKS } from '../doctor/machine/checks.ts';
import { SETTINGS_CHECKS } from '../doctor/settings/checks.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { Check, DoctorCheck } from './check.ts';
import { DATA_CHECKS } from './data-checks.ts';

type DialectName = DatabaseTarget['dialect'];

/** Every check that there is for one kind of database, by what it looks at, in the order in which they are made. */
export interface Checks {
  readonly settings: readonly DoctorCheck<DoctorContext>[];
  readonly machine: readonly DoctorCheck<DoctorContext>[];
  /** The file, or the server: without opening the database. */
  readonly outside: readonly DoctorCheck<TargetContext>[];
  /** The open database. */
  readonly inside: readonly DoctorCheck<OpenContext>[];
  /** The gateway's data as a whole: its release, and what `migrate` and `verify` would say of it. */
  readonly state: readonly DoctorCheck<OpenContext>[];
  /** The rows and the schema at v0.7.0: what `verify` and `fix` are about. */
  readonly data: readonly Check[];
  /** What `--access-test` adds. */
  readonly access: readonly DoctorCheck<TargetContext>[];
}

/** Only those of the kind that is asked for are loaded. */
const OF_DIALECT: Readonly<Record<DialectName, () => Promise<Pick<Checks, 'outside' | 'inside'>>>> = {
  sqlite: async () => (await import('../doctor/sqlite/checks.ts')).SQLITE_CHECKS,
  postgresql: async () => (await import('../doctor/postgresql/checks.ts')).POSTGRESQL_CHECKS,
  mysql: async () => (await import('../doctor/mysql/checks.ts')).MYSQL_CHECKS,
};

/** @param dialect null while the settings do not say which database is meant */
export async function checksOf(dialect: DialectName | null): Promise<Checks> {
  const { outside, inside } = dialect === null ? { outside: [], inside: [] } : await OF_DIALECT[dialect]();
  return {
    settings: SETTINGS_CHECKS,
    machine: MACHINE_CHECKS,
    outside,
    inside: [databaseOpens, ...inside],
    state: STATE_CHECKS,
    data: DATA_CHECKS,
    access: ACCESS_CHECKS,
  };
}
