import type { Migration } from '../src/migrate/migration.ts';
import { index, unique, uniqueNamed } from '../src/schema/define.ts';

// The gateway's own upgrade gives uniques and indexes other names than a new install of v0.7.0, and makes indexes
// that it does not have. Later releases of the gateway change some of them by the names of a new install.

const SURPLUS: Readonly<Record<string, readonly string[]>> = {
  email_auth_events: ['ix_email_auth_events_timestamp'],
  pending_user_approvals: ['ix_pending_user_approvals_email'],
  permission_audit_log: ['permission', 'timestamp', 'user_email'].map((c) => `idx_permission_audit_log_${c}`),
  token_revocations: ['revoked_at', 'revoked_by'].map((c) => `idx_token_revocations_${c}`),
  user_roles: ['role_id', 'scope', 'scope_id', 'user_email'].map((c) => `idx_user_roles_${c}`),
};
const USAGE_COLUMNS = ['timestamp', 'token_jti', 'user_email'];

export default {
  id: '0005_names',
  title: 'Names of uniques and indexes as a new install has them',
  downTitle: 'Names of uniques and indexes',
  when: 'after-seed',
  up(m) {
    for (const [name, dropIndexes] of Object.entries(SURPLUS)) m.changeTable(name, { dropIndexes });
    m.changeTable('token_usage_logs', {
      dropIndexes: USAGE_COLUMNS.map((c) => `idx_token_usage_logs_${c}`),
      addIndexes: USAGE_COLUMNS.map((c) => index(`ix_token_usage_logs_${c}`, c)),
    });
    const tokens = m.schema.get('email_api_tokens');
    const isNamedByUpgrade = tokens?.uniques.some((u) => u.name === 'uq_email_api_tokens_jti') ?? false;
    m.changeTable('email_api_tokens', {
      dropUniques: isNamedByUpgrade ? [['jti']] : [],
      dropIndexes: ['last_used', 'server_id'].map((c) => `idx_email_api_tokens_${c}`),
      addUniques: [unique('jti'), uniqueNamed('uq_email_api_tokens_user_name', 'user_email', 'name')],
      addIndexes: [
        index('idx_email_api_tokens_jti', 'jti'),
        index('ix_email_api_tokens_user_email', 'user_email'),
      ],
    });
  },
  // The tables go with the step that made them.
  down() {},
} satisfies Migration;
