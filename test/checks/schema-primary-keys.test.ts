import { schemaPrimaryKeys } from '../../src/checks/schema-parts.ts';
import { describeDefects, unenforced } from '../support/defects.ts';
import { recreate } from '../support/recreate-sqlite-table.ts';

describeDefects(schemaPrimaryKeys, {
  'names a table without its key': {
    plant: (at) => {
      switch (at.database.dialect) {
        case 'sqlite':
          return recreate(at.database, 'sso_auth_sessions', /\s*PRIMARY KEY \(id\),/, '');
        case 'postgresql':
          return unenforced('ALTER TABLE sso_auth_sessions DROP CONSTRAINT sso_auth_sessions_pkey')(at);
        case 'mysql':
          return unenforced('ALTER TABLE sso_auth_sessions DROP PRIMARY KEY')(at);
      }
    },
    findings: ['sso_auth_sessions: the primary key is none, not (id)'],
    remaining: 1,
  },
});
