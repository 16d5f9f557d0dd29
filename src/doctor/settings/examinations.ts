import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { adminEmail } from './admin-email.ts';
import { databaseNamed } from './database-named.ts';
import { differsFromExample } from './differs-from-example.ts';
import { envMode } from './env-mode.ts';
import { misspelt } from './misspelt.ts';
import { secrets } from './secrets.ts';
import { settingsFile } from './settings-file.ts';
import { settingsValid } from './settings-valid.ts';
import { urlPercent } from './url-percent.ts';

export const SETTINGS_EXAMINATIONS: readonly Examination<DoctorContext>[] = [
  settingsFile,
  settingsValid,
  databaseNamed,
  urlPercent,
  adminEmail,
  misspelt,
  secrets,
  envMode,
  differsFromExample,
];
