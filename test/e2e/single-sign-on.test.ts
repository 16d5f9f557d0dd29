import { expect, it, onTestFinished } from 'vitest';
import { createDatabase } from '../support/databases.ts';
import { expectNoSecret } from '../support/planted-secrets.ts';
import { spawnCli } from '../support/spawn-cli.ts';

const SECRETS = ['planted client secret', 'planted-encryption-secret'];
const SSO = {
  AUTH_ENCRYPTION_SECRET: SECRETS[1],
  SSO_ENABLED: 'true',
  SSO_GITHUB_ENABLED: 'true',
  SSO_GITHUB_CLIENT_ID: 'Iv1.0123',
  SSO_GITHUB_CLIENT_SECRET: SECRETS[0],
  GOOGLE_CLIENT_SECRET: 'planted-google',
  SSO_AUTO_ADMIN_DOMAINS: 'corp.example.com,gmail.com',
};

it('single sign-on is set up from settings, warned of, and no secret of it is shown', async () => {
  const database = await createDatabase('sqlite');
  onTestFinished(() => database.drop());
  const env = { ...SSO, DATABASE_URL: database.url };
  const run = async (args: readonly string[], more = {}) => {
    const { exitCode, stdout, stderr } = await spawnCli(args, { env: { ...env, ...more } });
    const text = stdout + stderr;
    for (const secret of [...SECRETS, 'planted-google']) expect(text, args.join(' ')).not.toContain(secret);
    expect(text, args.join(' ')).not.toContain('gAAAAA');
    expectNoSecret(args.join(' '), text);
    return { exitCode, text: text.replaceAll(/\s+/g, ' ') };
  };

  const config = await run(['config']);
  expect(config.text).toContain('github authorization_url https://github.com/login/oauth/authorize');
  expect(config.text).toContain('github client_secret ***');
  expect(config.text).toContain('SSO_AUTO_ADMIN_DOMAINS has gmail.com');

  const dry = await run(['migrate', '--dry-run', '--verbose', '--debug']);
  expect(dry.exitCode).toBe(0);
  expect(dry.text).toContain('GOOGLE_CLIENT_SECRET (the environment) is not read by the gateway');
  expect(await run(['migrate', '--debug'])).toMatchObject({ exitCode: 0 });
  expect(await database.query('SELECT id FROM sso_providers')).toBe('github');

  const again = await run(['migrate', '--format', 'json']);
  expect(again.exitCode).toBe(0);
  expect(again.text).not.toContain('"done"');
  expect(again.text).toContain('SSO_AUTO_ADMIN_DOMAINS has gmail.com');
  expect((await run(['verify', '--verbose'])).text).toContain('Providers of single sign-on');

  const other = { AUTH_ENCRYPTION_SECRET: 'planted-encryption-secret-2', SSO_AUTO_ADMIN_DOMAINS: '' };
  const plan = await run(['fix', '--only', 'sso.providers', '--dry-run', '--verbose'], other);
  expect(plan.text).toContain('provider github as the settings have it');
  expect(await run(['fix', '--only', 'sso.providers', '--yes'], other)).toMatchObject({ exitCode: 0 });
  const empty = await run(['migrate'], { AUTH_ENCRYPTION_SECRET: '' });
  expect(empty).toMatchObject({
    exitCode: 2,
    text: expect.stringContaining('AUTH_ENCRYPTION_SECRET is empty'),
  });
});
