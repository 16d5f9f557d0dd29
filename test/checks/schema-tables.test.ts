import { schemaTables } from '../../src/checks/schema-parts.ts';
import { describeDefects, unenforced } from '../support/defects.ts';

describeDefects(schemaTables, {
  'names tables that are missing': {
    plant: unenforced('DROP TABLE permission_audit_log; DROP TABLE pending_user_approvals'),
    findings: ['permission_audit_log: the table is missing', 'pending_user_approvals: the table is missing'],
    remaining: 2,
  },
});
