import { constants, existsSync } from 'node:fs';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { sampleSize } from '../../checks/sample-size.ts';
import { loginLimit } from '../../settings/admin-email.ts';
import { VARIABLES } from '../../settings/variables.ts';
import type { DoctorContext } from '../context.ts';
import { accessProblem, folderInTheWay } from '../sqlite/file/access-problem.ts';
import { envMode, secrets } from './secrets.ts';

export const SETTINGS_CHECKS: readonly DoctorCheck<DoctorContext>[] = [
  // That there is no settings file is no fault where nobody named it.
  {
    id: 'settings.env-file',
    title: 'The settings file can be read',
    level: 'error',
    hint: 'The gateway and mcpgw take their settings from this file, and cannot do so as it is.',
    async find({ envFile, envFileError, envFilePath }) {
      if (envFileError !== null) {
        const { message, details, hint, cause } = envFileError;
        return {
          count: Math.max(1, details.length),
          sample: [message, ...details],
          ...(await wayToRead(envFilePath, cause, `${hint}.`)),
        };
      }
      const isThere = envFile !== null;
      return told(0, isThere ? `${envFilePath}: ${envFile.entries.size} set` : `there is no ${envFilePath}`);
    },
  },
  // Everything that `loadSettings` would refuse, all at once.
  {
    id: 'settings.valid',
    title: 'Every setting can be used',
    level: 'error',
    hint: 'mcpgw refuses to run with settings like these, and the gateway refuses most of them or guesses.',
    async find({ inspected: { problems } }) {
      return { count: problems.length, sample: problems.map(({ text }) => text) };
    },
  },
  // Where nothing says which database is meant, the default one is there: else this is the wrong folder.
  {
    id: 'settings.database-url',
    title: 'The settings say which database is meant',
    level: 'warning',
    hint: 'Neither a flag nor the environment nor the settings file names a database, and the gateway’s default, a file in this folder, is not there: this may be the wrong folder. Run mcpgw in the gateway’s folder, or name its .env with --env-file.',
    async find({ inspected: { sources, target } }) {
      const found = sources.get('DATABASE_URL');
      if (found === undefined || target === null) return told(0);
      if (found.source !== 'default') return told(0, `${found.value} (${found.detail || found.source})`);
      const isMissing = target.dialect === 'sqlite' && !existsSync(target.path);
      return told(isMissing ? 1 : 0, `DATABASE_URL is not set: ${found.value} in this folder is meant`);
    },
  },
  // Later releases of the gateway take it, and so does mcpgw.
  {
    id: 'settings.url-percent',
    title: 'The gateway can read DATABASE_URL',
    level: 'warning',
    hint: 'Gateways up to v0.7.0 do not start with a % anywhere in DATABASE_URL, not even in an encoded password. Give the database’s user a password of letters, digits and - . _ ~ only, and set what else is encoded at the server, for instance: ALTER ROLE … SET search_path = ….',
    preflight: 'warn',
    async find({ inspected: { percentInUrl } }) {
      if (!percentInUrl) return told(0);
      return told(1, 'DATABASE_URL has a %, with which gateways up to v0.7.0 do not start');
    },
  },
  {
    id: 'settings.admin-email',
    title: 'The gateway takes the administrator’s email everywhere',
    level: 'warning',
    hint: 'The gateway stores the address trimmed and in lower case, and looks for it as its settings have it. Change it in the gateway’s own settings as well.',
    preflight: 'warn',
    async find({ inspected: { settings, sources } }) {
      const found = sources.get('PLATFORM_ADMIN_EMAIL');
      if (found === undefined || found.source === 'default') return told(0);
      const email = settings.platformAdminEmail;
      const place = found.detail || `the ${found.source}`;
      const sample: string[] = [];
      if (found.value !== email) {
        sample.push(
          `PLATFORM_ADMIN_EMAIL has capitals or blanks, and the gateway’s own start and scripts do not find the administrator by it: write ${email} (${place})`,
        );
      }
      const limit = loginLimit(email);
      if (limit !== null) sample.push(`PLATFORM_ADMIN_EMAIL: ${email} ${limit} (${place})`);
      return told(sample.length, ...sample);
    },
  },
  // Those that decide which database or which administrator is meant are errors: `settings.valid` tells them.
  {
    id: 'settings.unknown',
    title: 'No variable looks misspelt',
    level: 'warning',
    hint: 'The gateway and mcpgw pass over a name they do not know without a word, and go on with the default. Give it its right name.',
    preflight: 'warn',
    async find({ inspected: { misspelt } }) {
      const sample = misspelt
        .filter(({ decides }) => decides === null)
        .map(({ name, meant, place }) => `${name} is unknown: is it ${meant}? (${place})`);
      return told(sample.length, ...sample);
    },
  },
  secrets,
  envMode,
  // `.env.example` has every default.
  {
    id: 'settings.example',
    title: 'What differs from .env.example',
    level: 'info',
    hint: 'These settings are not the gateway’s defaults. See all of them with: mcpgw config',
    async find({ inspected: { sources }, thorough }) {
      const sample = VARIABLES.flatMap(({ name, default: standard }) => {
        const found = sources.get(name);
        if (found === undefined || found.source === 'default' || found.value === standard) return [];
        return [`${name}=${found.value} (${found.detail || found.source})`];
      });
      const most = sampleSize(thorough);
      if (sample.length <= most) return told(sample.length, ...sample);
      // Nothing is left out without a word: what is shown of this level has no count beside it.
      const left = `and ${sample.length - most + 1} more; all of them: mcpgw config`;
      return told(sample.length, ...sample.slice(0, most - 1), left);
    },
  },
];

function told(count: number, ...sample: readonly string[]): Findings {
  return { count, sample };
}

/** What lets this user read a file that it may not. */
async function wayToRead(
  path: string,
  cause: unknown,
  hint: string,
): Promise<Pick<Findings, 'hint' | 'command'>> {
  if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'EACCES') return { hint };
  const problem = (await folderInTheWay(path)) ?? (await accessProblem(path, constants.R_OK));
  if (problem === null) return { hint };
  const { text, advice, command } = problem;
  return { hint: `${text}. ${advice}`.trimEnd(), command };
}
