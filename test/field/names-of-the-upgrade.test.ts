import { describe, expect, it, onTestFinished } from 'vitest';
import { schemaUniques } from '../../src/checks/schema-uniques.ts';
import { status } from '../../src/commands/status.ts';
import { verify as verifyCommand } from '../../src/commands/verify.ts';
import type { Schema } from '../../src/schema/model.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, DATABASES } from '../support/databases.ts';
import { changing } from '../support/defects.ts';
import { askDoctor } from '../support/doctor.ts';
import { freshSchema } from '../support/fresh-schema.ts';
import { migrate } from '../support/migrate.ts';
import { migratedDatabase, opened } from '../support/migrated-database.ts';
import { realDumps } from '../support/real-dumps.ts';
import { problems, verify } from '../support/run-checks.ts';
import { schemaShape } from '../support/schema-shape.ts';

const TABLES = [
  'email_api_tokens',
  'email_auth_events',
  'pending_user_approvals',
  'permission_audit_log',
  'token_revocations',
  'token_usage_logs',
  'user_roles',
] as const;

const index = (name: string, column: string) => ({ name, columns: [column] });
const named = (table: string, ...columns: string[]) => columns.map((c) => index(`idx_${table}_${c}`, c));

/** What the gateway's own upgrade makes in place of what a new install has, and besides. */
const plantNames = changing(
  [
    'email_api_tokens',
    {
      dropUniques: [['jti'], ['user_email', 'name']],
      dropIndexes: ['idx_email_api_tokens_jti', 'ix_email_api_tokens_user_email'],
      addUniques: [
        { name: 'uq_email_api_tokens_jti', columns: ['jti'], constraint: true },
        { name: 'uq_email_api_tokens_user_email_name', columns: ['user_email', 'name'], constraint: true },
      ],
      addIndexes: named('email_api_tokens', 'last_used', 'server_id'),
    },
  ],
  ['email_auth_events', { addIndexes: [index('ix_email_auth_events_timestamp', 'timestamp')] }],
  ['pending_user_approvals', { addIndexes: [index('ix_pending_user_approvals_email', 'email')] }],
  [
    'permission_audit_log',
    { addIndexes: named('permission_audit_log', 'permission', 'timestamp', 'user_email') },
  ],
  ['token_revocations', { addIndexes: named('token_revocations', 'revoked_at', 'revoked_by') }],
  [
    'token_usage_logs',
    {
      dropIndexes: ['timestamp', 'token_jti', 'user_email'].map((c) => `ix_token_usage_logs_${c}`),
      addIndexes: named('token_usage_logs', 'timestamp', 'token_jti', 'user_email'),
    },
  ],
  ['user_roles', { addIndexes: named('user_roles', 'role_id', 'scope', 'scope_id', 'user_email') }],
);

const rules = (schema: Schema) => {
  const shapes = schemaShape(schema);
  return TABLES.map((table) => [table, shapes[table]?.uniques, shapes[table]?.indexes]);
};

describe('A database that the gateway upgraded ends like a new install', () => {
  for (const { id, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('uniques and indexes with the names of the upgrade get those of a new install, and its surplus ones go', async () => {
        const { database } = await migratedDatabase(id);
        await plantNames({ database, ...opened(database.url) });
        await database.query("DELETE FROM mcpgw_migration WHERE step = '0005_names'");
        const found = await verify(opened(database.url), [schemaUniques]);
        expect(problems(found)[schemaUniques.id]?.findings).toEqual([
          'email_api_tokens (user_email, name): unique uq_email_api_tokens_user_name has another name',
        ]);
        const result = await migrate(database);
        expect(result.steps.find((step) => step.id === '0005_names')?.status).toBe('done');
        const after = await connect(database, (db) => db.dialect.readSchema(db));
        expect(rules(after)).toEqual(rules(await freshSchema(id)));
        expect((await migrate(database)).changed).toBe(false);
      });

      it('a new database says what gateways.oauth_config is for, where the database keeps comments', async () => {
        const database = await createDatabase(id);
        onTestFinished(() => database.drop());
        await migrate(database);
        const ask = {
          sqlite: 'SELECT NULL',
          postgresql:
            "SELECT col_description('gateways'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'gateways'::regclass AND attname = 'oauth_config'",
          mysql:
            "SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'gateways' AND COLUMN_NAME = 'oauth_config'",
        }[database.dialect];
        expect(await database.query(ask)).toBe(
          database.dialect === 'sqlite'
            ? 'NULL'
            : 'OAuth 2.0 configuration including grant_type, client_id, encrypted client_secret, URLs, and scopes',
        );
      });

      for (const { path } of realDumps().filter(
        ({ kind, state }) => kind.id === id && state === 'v0.7.0-upgraded-small',
      )) {
        it('a real one, too', async () => {
          const database = await createDatabase(id);
          onTestFinished(() => database.drop());
          await database.load(path);
          const run = commandRuns(database, '/');
          const options = { format: 'json', color: false } as const;
          const nexts = async () => [
            (await run((io) => status(io, options))).report.next,
            (await run((io) => verifyCommand(io, options))).report.next,
            (await askDoctor(database.url)).of('data.verify').command,
          ];
          expect(await nexts()).toEqual(['mcpgw migrate', 'mcpgw migrate', 'mcpgw migrate']);
          await migrate(database);
          const after = await connect(database, (db) => db.dialect.readSchema(db));
          expect(rules(after)).toEqual(rules(await freshSchema(id)));
        });
      }
    });
  }
});
