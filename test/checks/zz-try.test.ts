import { it } from 'vitest';
import { describeEachDatabase, createDatabase } from '../support/databases.ts';
import { opened } from '../support/migrated-database.ts';
import { verify, problems, fix } from '../support/run-checks.ts';
import { release } from '../../src/checks/release.ts';
import { integrity } from '../../src/checks/integrity.ts';
import { schemaTables } from '../../src/checks/schema-tables.ts';
import { schemaColumns } from '../../src/checks/schema-columns.ts';
import { schemaPrimaryKeys } from '../../src/checks/schema-primary-keys.ts';
import { schemaLeftovers } from '../../src/checks/schema-leftovers.ts';
import { schemaGlobalUniques } from '../../src/checks/schema-global-uniques.ts';
import { schemaUniques } from '../../src/checks/schema-uniques.ts';
import { schemaIndexes } from '../../src/checks/schema-indexes.ts';
import { schemaForeignKeys } from '../../src/checks/schema-foreign-keys.ts';
import { schemaChecks } from '../../src/checks/schema-checks.ts';
import { danglingForeignKeys } from '../../src/checks/dangling-foreign-keys.ts';
const C = [release, integrity, schemaTables, schemaColumns, schemaPrimaryKeys, schemaLeftovers, schemaGlobalUniques, danglingForeignKeys, schemaUniques, schemaIndexes, schemaForeignKeys, schemaChecks];
const show = (r: any) => Object.values(problems(r)).map((p: any) => `${p.id} ${p.status} ${p.count} fixable=${p.fixable} ${p.hint}\n   ${p.findings.join('\n   ')}`).join('\n');
describeEachDatabase('try', ({ id, dialect }) => {
  for (const s of ['v0.6.0-small', 'v0.7.0-fresh', 'v0.7.0-upgraded-small']) it(s, async () => {
    const d = await createDatabase(id);
    try {
      await d.load(`/work/shared/real/${s}.${dialect}.sql`);
      const at = opened(d.url);
      console.log(id, s, '\n' + show(await verify(at, C)));
      if (!s.startsWith('v0.6')) {
        const r = await fix(at, C);
        console.log(id, s, 'AFTER FIX', r.clean, '\n' + show(await verify(at, C)));
      }
    } catch (e) { console.log(id, s, 'FAILED', e, (e as any).cause); } finally { await d.drop(); }
  });
});
