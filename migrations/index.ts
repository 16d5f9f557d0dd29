import type { Migration } from '../src/migrate/migration.ts';
import tablesOfV060 from './0001_v0_6_0_tables.ts';
import multiTenancyTables from './0002_multi_tenancy_tables.ts';
import ownership from './0003_ownership.ts';
import leftovers from './0004_leftovers.ts';
import names from './0005_names.ts';

/** Every migration in the order it runs: the only place that order is defined. */
export const MIGRATIONS: readonly Migration[] = [
  tablesOfV060,
  multiTenancyTables,
  ownership,
  leftovers,
  names,
];
