import { existsSync } from 'node:fs';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Where nothing says which database is meant, the default one is there: else this is the wrong folder. */
export const databaseNamed: Examination<DoctorContext> = {
  id: 'settings.database-url',
  title: 'The settings say which database is meant',
  level: 'warning',
  meaning:
    'Neither a flag nor the environment nor the settings file names a database, and the gateway’s default, a file in this folder, is not there: this may be the wrong folder. Run mcpgw in the gateway’s folder, or name its .env with --env-file.',
  command: '',
  async find({ inspected: { sources, target } }) {
    const found = sources.get('DATABASE_URL');
    if (found === undefined || target === null) return { count: 0, sample: [] };
    if (found.source !== 'default') {
      return { count: 0, sample: [`${found.value} (${found.detail || found.source})`] };
    }
    const isMissing = target.dialect === 'sqlite' && !existsSync(target.path);
    return {
      count: isMissing ? 1 : 0,
      sample: [`DATABASE_URL is not set: ${found.value} in this folder is meant`],
    };
  },
};
