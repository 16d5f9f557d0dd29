import { release } from '../../src/checks/release.ts';
import { describeDefects, unenforced } from '../support/defects.ts';

const NEVER_REPAIRED = { remaining: 1 };

describeDefects(release, {
  'names v0.6.0': {
    ...NEVER_REPAIRED,
    // A schema of v0.7.0 under the revision of v0.6.0 is what an interrupted upgrade looks like.
    plant: unenforced("UPDATE alembic_version SET version_num = '1fc1795f6983'"),
    findings: [
      /^revision 1fc1795f6983: v0\.6\.0 with an upgrade that did not finish; v0\.7\.0 is e182847d89e6$/,
    ],
  },
  'names a revision between the two': {
    ...NEVER_REPAIRED,
    plant: unenforced("UPDATE alembic_version SET version_num = 'cfc3d6aa0fb2'"),
    findings: ['revision cfc3d6aa0fb2: between v0.6.0 and v0.7.0'],
  },
  'names an older release': {
    ...NEVER_REPAIRED,
    plant: unenforced("UPDATE alembic_version SET version_num = 'e75490e949b1'"),
    findings: ['The database is at revision e75490e949b1 (v0.5.0), older than v0.6.0.'],
  },
  'names a revision that is not known': {
    ...NEVER_REPAIRED,
    plant: unenforced("UPDATE alembic_version SET version_num = 'abcdef012345'"),
    findings: ['The database is at revision abcdef012345, which is newer than v0.7.0 or not the gateway’s.'],
  },
  'names several revisions': {
    ...NEVER_REPAIRED,
    plant: unenforced("INSERT INTO alembic_version (version_num) VALUES ('abcdef012345')"),
    findings: [/2 rows \(.*abcdef012345.*\)/],
  },
  'misses the revision': {
    ...NEVER_REPAIRED,
    plant: unenforced('DELETE FROM alembic_version'),
    findings: [/^no revision: /],
  },
});
