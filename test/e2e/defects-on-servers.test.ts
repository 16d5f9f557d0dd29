import { describe, expect, it } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { DATABASES } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { plantOnServer } from '../support/plant-on-server.ts';
import { sampleDatabase } from '../support/sample-database.ts';

describe('many defects at once', () => {
  for (const { id, dialect, available } of DATABASES) {
    if (dialect === 'sqlite') continue;
    it.skipIf(!available)(`are named and mended on ${id}`, async () => {
      const database = await sampleDatabase(id);
      await migrate(database);
      await plantOnServer(database);

      const found = await reportHere(database.url, ['verify']);
      expect(found.report).toMatchObject({ status: 'findings', exitCode: 1, next: 'mcpgw fix' });
      const failed = found.report.checks.filter(({ status }) => status === 'failed');
      expect(failed.map((check) => check.id)).toEqual(
        expect.arrayContaining([
          'schema.leftovers',
          'schema.global-uniques',
          'admin.account',
          'team.personal',
          'team.membership',
          'roles.default',
          'roles.assignment',
          'ownership.unknown-team',
          'ownership.unknown-owner',
          'ownership.orphans',
          'ownership.visibility',
          'foreign-keys.dangling',
          'schema.uniques',
          'schema.indexes',
        ]),
      );
      const fixed = await reportHere(database.url, ['fix', '--yes', '--no-backup']);
      expect(fixed.report.checks.filter(({ remaining }) => remaining !== 0)).toEqual([]);
      expect(fixed.report).toMatchObject({ status: 'ok', exitCode: 0 });
      const verified = await reportHere(database.url, ['verify']);
      expect(verified.report).toMatchObject({ status: 'ok', exitCode: 0 });
      expect((await reportHere(database.url, ['fix', '--yes', '--no-backup'])).report.steps).toEqual([]);
    });
  }
});
