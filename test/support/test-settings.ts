import { type LoadedSettings, loadSettings } from '../../src/settings/load.ts';

/** The administrator of the dumps of real v0.7.0 databases, so that those are adopted rather than added to. */
export const ADMIN = {
  email: 'admin@corp.example.com',
  password: 'Str0ng-Passw0rd!',
  fullName: "Dana O'Neil",
} as const;

/** Settings for one database, untouched by the environment of the tests, with a hash that costs little. */
export function testSettings(url: string, env: Readonly<Record<string, string>> = {}): LoadedSettings {
  return loadSettings({
    flags: { databaseUrl: url },
    env: {
      PLATFORM_ADMIN_EMAIL: ADMIN.email,
      PLATFORM_ADMIN_PASSWORD: ADMIN.password,
      PLATFORM_ADMIN_FULL_NAME: ADMIN.fullName,
      ARGON2ID_MEMORY_COST: '8',
      ARGON2ID_TIME_COST: '1',
      ...env,
    },
    // No `.env` is there.
    cwd: '/',
    credentials: 'required',
    allowDefaultCredentials: false,
  });
}
