import { constants, existsSync } from 'node:fs';
import { type Check, CLEAN, type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import { loginLimit } from '../../settings/admin-email.ts';
import { problemLine } from '../../settings/load.ts';
import type { DoctorContext } from '../context.ts';
import { accessProblem, folderInTheWay } from '../sqlite/access.ts';
import { envMode, secrets } from './secrets.ts';

type SettingsCheck = DoctorCheck<DoctorContext>;

// That there is no settings file is no fault where nobody named it.
const envFileCheck: SettingsCheck = {
  id: 'settings.env-file',
  title: 'The settings file can be read',
  level: 'error',
  hint: '',
  async find({ envFile, envFileError, envFilePath }) {
    if (envFileError !== null) {
      const { message, details, hint, cause } = envFileError;
      return {
        count: Math.max(1, details.length),
        sample: [message, ...details],
        ...(await wayToRead(envFilePath, cause, `${hint}.`)),
      };
    }
    return fine(
      envFile === null ? `there is no ${envFilePath}` : `${envFilePath}: ${envFile.entries.size} set`,
    );
  },
};

// Where nothing says which database is meant, the default one is there: else this is the wrong folder.
const databaseUrl: SettingsCheck = {
  id: 'settings.database-url',
  title: 'The settings say which database is meant',
  level: 'warning',
  hint: 'The gateway’s default, a file in this folder, is not there: this may be the wrong folder. Run mcpgw in the gateway’s folder, or name its .env with --env-file.',
  async find({ inspected: { sources, target } }) {
    const url = sources.get('DATABASE_URL');
    if (url === undefined || target === null) return CLEAN;
    if (url.source !== 'default') return fine(`${url.value} (${url.detail || url.source})`);
    const isMissing = target.dialect === 'sqlite' && !existsSync(target.path);
    const told = `DATABASE_URL is not set: ${url.value} in this folder is meant`;
    return { count: isMissing ? 1 : 0, sample: [told] };
  },
};

/** A check of what the settings say, a line for each thing that is wrong. */
function inSettings(
  check: Pick<Check, 'id' | 'title' | 'level' | 'hint' | 'preflight'>,
  wrong: (inspected: DoctorContext['inspected']) => readonly string[],
): SettingsCheck {
  return { ...check, find: async ({ inspected }) => found(wrong(inspected)) };
}

export const SETTINGS_CHECKS: readonly SettingsCheck[] = [
  envFileCheck,
  // Everything that `loadSettings` would refuse, all at once.
  inSettings(
    {
      id: 'settings.valid',
      title: 'Every setting can be used',
      level: 'error',
      hint: 'mcpgw refuses to run with settings like these, and the gateway refuses most of them or guesses.',
    },
    ({ problems }) => problems.map(problemLine),
  ),
  databaseUrl,
  // Later releases of the gateway take it, and so does mcpgw.
  inSettings(
    {
      id: 'settings.url-percent',
      title: 'The gateway can read DATABASE_URL',
      level: 'warning',
      hint: 'Give the database’s user a password of letters, digits and - . _ ~ only, and set what else is encoded at the server, for instance: ALTER ROLE … SET search_path = ….',
      preflight: 'warn',
    },
    ({ percentInUrl }) =>
      percentInUrl ? ['DATABASE_URL has a %, with which gateways up to v0.7.0 do not start'] : [],
  ),
  inSettings(
    {
      id: 'settings.admin-email',
      title: 'The gateway takes the administrator’s email everywhere',
      level: 'warning',
      hint: 'The gateway stores the address trimmed and in lower case, and looks for it as its settings have it. Change it in the gateway’s own settings as well.',
      preflight: 'warn',
    },
    ({ settings: { platformAdminEmail: email }, sources }) => {
      const given = sources.get('PLATFORM_ADMIN_EMAIL');
      if (given === undefined || given.source === 'default') return [];
      const place = given.detail || `the ${given.source}`;
      const limit = loginLimit(email);
      const changed = `PLATFORM_ADMIN_EMAIL has capitals or blanks, and the gateway’s own start and scripts do not find the administrator by it: write ${email} (${place})`;
      return [
        ...(given.value === email ? [] : [changed]),
        ...(limit === null ? [] : [`PLATFORM_ADMIN_EMAIL: ${email} ${limit} (${place})`]),
      ];
    },
  ),
  // Those that decide which database or which administrator is meant are errors: `settings.valid` tells them.
  inSettings(
    {
      id: 'settings.unknown',
      title: 'No variable looks misspelt',
      level: 'warning',
      hint: 'The gateway and mcpgw pass over a name they do not know without a word, and go on with the default. Give it its right name.',
      preflight: 'warn',
    },
    ({ misspelt }) =>
      misspelt
        .filter(({ decides }) => decides === null)
        .map(({ name, meant, place }) => `${name} is unknown: is it ${meant}? (${place})`),
  ),
  secrets,
  envMode,
];

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
