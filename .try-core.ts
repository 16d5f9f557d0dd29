import { createDatabase, DATABASES } from './test/support/databases.ts';
import { withDatabase } from './src/database/with-database.ts';
import { runMigration } from './src/migrate/run.ts';
import { loadSettings } from './src/settings/load.ts';
import { noProgress } from './src/progress.ts';
for (const d of DATABASES) {
  if (!d.available) continue;
  let t = performance.now(); const lap = (s: string) => { console.log(d.id, s, (performance.now() - t) | 0); t = performance.now(); };
  const db = await createDatabase(d.id); lap('create');
  await db.load(`/work/shared/real/v0.6.0-small.${d.dialect}.sql`); lap('load');
  const l = loadSettings({ flags: { databaseUrl: db.url }, env: { PLATFORM_ADMIN_EMAIL: 'admin@corp.example.com', PLATFORM_ADMIN_PASSWORD: 'Str0ng-Passw0rd!', PLATFORM_ADMIN_FULL_NAME: "Dana O'Neil" }, cwd: '/tmp', credentials: 'required', allowDefaultCredentials: false });
  for (const _ of [1, 2]) {
  await withDatabase(l.target, { access: 'write', create: true, retries: 0, retryIntervalMs: 1 }, async (c) => {
    lap('open');
    await runMigration(c, { settings: l.settings, now: new Date(), adopt: false, marker: false, progress: noProgress, toolVersion: '0.7.0', lockTimeoutMs: 5000, signal: new AbortController().signal, confirm: async () => true }); lap('run');
  });}
  lap('close');
  await db.drop(); lap('drop');
  const e = await createDatabase(d.id); lap('create');
  const l2 = loadSettings({ flags: { databaseUrl: e.url }, env: { PLATFORM_ADMIN_EMAIL: 'admin@corp.example.com', PLATFORM_ADMIN_PASSWORD: 'Str0ng-Passw0rd!', PLATFORM_ADMIN_FULL_NAME: "Dana O'Neil" }, cwd: '/tmp', credentials: 'required', allowDefaultCredentials: false });
  await withDatabase(l2.target, { access: 'write', create: true, retries: 0, retryIntervalMs: 1 }, async (c) => {
    await runMigration(c, { settings: l2.settings, now: new Date(), adopt: false, marker: false, progress: noProgress, toolVersion: '0.7.0', lockTimeoutMs: 5000, signal: new AbortController().signal, confirm: async () => true }); lap('fresh run');
  });
  await e.drop(); lap('drop');
}
