import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import type { Connection } from '../../src/database/connection.ts';
import { isAtHead } from '../../src/migrate/head.ts';
import type { CheckReport } from '../../src/report/report.ts';
import type { TableChanges } from '../../src/schema/changed.ts';
import { column, index, integer, text, uniqueNamed } from '../../src/schema/define.ts';
import type { Column } from '../../src/schema/model.ts';
import { DATABASES, type TestDialect } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { opened } from '../support/migrated-database.ts';
import { fix, problems, verify } from '../support/run-checks.ts';

type Plant = (db: Connection) => Promise<unknown>;

interface Case {
  readonly on?: readonly TestDialect[];
  readonly plant: Plant;
  /** The check that finds it, and what it says of it. */
  readonly check: string;
  readonly finding: string | RegExp;
  /** Takes it back, where `fix` leaves it to people. */
  readonly undo?: Plant;
  /** A warning: `verify` passes. */
  readonly warned?: true;
}

const run =
  (...statements: string[]): Plant =>
  async (db) => {
    for (const one of statements) await db.query(sql.raw(one));
  };
/** Changes a table as a migration does; a column that is altered keeps what is not said. */
const change =
  (name: string, changes: TableChanges, altered: Readonly<Record<string, Partial<Column>>> = {}): Plant =>
  async (db) => {
    const schema = await db.dialect.readSchema(db);
    const table = schema.get(name)!;
    const alterColumns = Object.entries(altered).map(([c, to]) => ({
      ...table.columns.find((one) => one.name === c)!,
      ...to,
    }));
    const { statements } = db.dialect.changeTable(table, { ...changes, alterColumns }, schema);
    for (const statement of statements) await db.run(statement);
  };

const triggers: Readonly<Record<TestDialect, (body: string) => string[]>> = {
  sqlite: (body) => [`CREATE TRIGGER site BEFORE INSERT ON tools BEGIN ${body || 'SELECT 1'}; END`],
  postgresql: (body) => [
    `CREATE OR REPLACE FUNCTION site() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$`,
    'CREATE TRIGGER site BEFORE INSERT ON tools FOR EACH ROW EXECUTE FUNCTION site()',
  ],
  mysql: (body) => [`CREATE TRIGGER site BEFORE INSERT ON tools FOR EACH ROW ${body || 'SET @site = 1'}`],
};
const RAISE: Readonly<Record<TestDialect, string>> = {
  sqlite: "SELECT RAISE(ABORT, 'no')",
  postgresql: "RAISE EXCEPTION 'no';",
  mysql: "SIGNAL SQLSTATE '45000'",
};
const trigger =
  (refuses: boolean): Plant =>
  (db) =>
    run(...triggers[db.dialect.name](refuses ? RAISE[db.dialect.name] : ''))(db);
const noTrigger: Plant = (db) =>
  run(db.dialect.name === 'postgresql' ? 'DROP TRIGGER site ON tools' : 'DROP TRIGGER site')(db);
const dropIndex =
  (table: string, name = 'site'): Plant =>
  (db) =>
    run(`DROP INDEX ${name}${db.dialect.name === 'mysql' ? ` ON ${table}` : ''}`)(db);

const ck = (expression: string) => [{ name: 'ck_email_teams_visibility', expression }];
const SERVERS: readonly TestDialect[] = ['postgresql', 'mysql'];

const CASES: Readonly<Record<string, Case>> = {
  'a trigger that raises is found and left to people': {
    plant: trigger(true),
    check: 'schema.hindrances',
    finding: 'tools: trigger site',
    undo: noTrigger,
  },
  'a trigger that only does something is a warning': {
    plant: trigger(false),
    check: 'schema.additions',
    finding: 'tools: trigger site',
    undo: noTrigger,
    warned: true,
  },
  'a new NOT NULL column without a default is let be NULL by fix': {
    plant: change('token_usage_logs', { addColumns: [{ column: column('site', integer()) }] }),
    check: 'schema.hindrances',
    finding: 'token_usage_logs.site: the column may not be NULL and has no default',
  },
  'a column of v0.6.0 that was made NOT NULL is let be NULL by fix': {
    plant: change('prompt_metrics', {}, { error_message: { nullable: false } }),
    check: 'schema.columns',
    finding: 'prompt_metrics.error_message: may not be NULL, but must be allowed to',
  },
  'a column of v0.6.0 that may be NULL again is made NOT NULL by fix': {
    plant: change('prompt_metrics', {}, { response_time: { nullable: true } }),
    check: 'schema.columns',
    finding: 'prompt_metrics.response_time: may be NULL',
  },
  'a column that was made shorter is widened by fix': {
    plant: change('email_team_invitations', {}, { role: { length: 5 } }),
    check: 'schema.columns',
    finding: 'email_team_invitations.role: holds 5 characters, not 50',
  },
  'a unique on another column is found and left to people': {
    plant: run('CREATE UNIQUE INDEX site ON email_auth_events (event_type)'),
    check: 'schema.hindrances',
    finding: 'email_auth_events: unique site (event_type)',
    undo: dropIndex('email_auth_events'),
  },
  'a partial unique is found and left to people': {
    on: ['sqlite', 'postgresql'],
    plant: run('CREATE UNIQUE INDEX site ON tools (description) WHERE description IS NOT NULL'),
    check: 'schema.hindrances',
    finding: 'tools: unique site (description, …)',
    undo: dropIndex('tools'),
  },
  'a unique with a key in it turns nothing away and is no finding': {
    plant: run('CREATE UNIQUE INDEX site ON email_teams (id, is_active)'),
    check: '',
    finding: '',
    undo: dropIndex('email_teams'),
  },
  'the check on team visibility that lets in less is replaced by fix': {
    plant: change('email_teams', {
      dropChecks: ['ck_email_teams_visibility'],
      addChecks: ck("visibility IN ('private', 'private')"),
    }),
    check: 'schema.checks',
    finding: 'is another one',
  },
  'a check of somebody else is found and left to people': {
    plant: change('tools', { addChecks: [{ name: 'site', expression: "visibility <> 'team'" }] }),
    check: 'schema.hindrances',
    finding: /^tools: check site \(.*visibility.*team/,
    undo: change('tools', { dropChecks: ['site'] }),
  },
  'an index on another column under the right name is replaced by fix': {
    plant: change('token_usage_logs', {
      dropIndexes: ['ix_token_usage_logs_timestamp'],
      addIndexes: [index('ix_token_usage_logs_timestamp', 'blocked')],
    }),
    check: 'schema.indexes',
    finding: 'ix_token_usage_logs_timestamp is missing',
  },
  'a partial index under the right name is replaced by fix': {
    on: ['sqlite', 'postgresql'],
    plant: run(
      'DROP INDEX ix_token_usage_logs_timestamp',
      'CREATE INDEX ix_token_usage_logs_timestamp ON token_usage_logs (timestamp) WHERE 1 = 0',
    ),
    check: 'schema.indexes',
    finding: 'ix_token_usage_logs_timestamp is missing',
  },
  'a unique under the name of an index is replaced by fix': {
    plant: async (db) => {
      await dropIndex('token_usage_logs', 'ix_token_usage_logs_timestamp')(db);
      await run('CREATE UNIQUE INDEX ix_token_usage_logs_timestamp ON token_usage_logs (timestamp)')(db);
    },
    check: 'schema.indexes',
    finding: 'ix_token_usage_logs_timestamp is missing',
  },
  'a unique on other columns under the right name is replaced by fix': {
    plant: async (db) => {
      await change('email_team_join_requests', { dropUniques: [['team_id', 'user_email']] })(db);
      await change('email_team_join_requests', {
        addUniques: [uniqueNamed('uq_team_join_request', 'status')],
      })(db);
    },
    check: 'schema.uniques',
    finding: 'unique uq_team_join_request is missing',
  },
  'a foreign key of somebody else is found and left to people': {
    on: SERVERS,
    plant: run(
      'CREATE TABLE site_parent (id VARCHAR(255) PRIMARY KEY)',
      'ALTER TABLE mcp_sessions ADD CONSTRAINT site FOREIGN KEY (session_id) REFERENCES site_parent (id)',
    ),
    check: 'schema.hindrances',
    finding: 'mcp_sessions: foreign key site (session_id) → site_parent',
    undo: (db) =>
      run(
        `ALTER TABLE mcp_sessions DROP ${db.dialect.name === 'mysql' ? 'FOREIGN KEY' : 'CONSTRAINT'} site`,
        'DROP TABLE site_parent',
      )(db),
  },
  'foreign keys whose triggers are disabled are made again by fix': {
    on: ['postgresql'],
    plant: run('ALTER TABLE mcp_messages DISABLE TRIGGER ALL'),
    check: 'schema.foreign-keys',
    finding: 'mcp_messages.session_id → mcp_sessions.session_id: the foreign key is another one',
  },
  'an exclusion constraint is found and left to people': {
    on: ['postgresql'],
    plant: run('ALTER TABLE global_config ADD CONSTRAINT site EXCLUDE (id WITH =)'),
    check: 'schema.hindrances',
    finding: 'global_config: exclusion constraint site',
    undo: run('ALTER TABLE global_config DROP CONSTRAINT site'),
  },
  'a type that takes other values is found': {
    on: SERVERS,
    plant: change('token_usage_logs', {
      dropColumns: ['status_code'],
      addColumns: [{ column: { ...column('status_code', text().null()), kind: 'other', type: 'SMALLINT' } }],
    }),
    check: 'schema.columns',
    finding: /^token_usage_logs\.status_code: holds smallint.*, not integer$/,
    undo: change('token_usage_logs', {
      dropColumns: ['status_code'],
      addColumns: [{ column: column('status_code', integer().null()) }],
    }),
  },
};

describe('verify sees what stops the gateway', () => {
  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;
      let at: ReturnType<typeof opened>;
      beforeAll(async () => {
        database = await createDatabase(id);
        await migrate(database);
        at = opened(database.url);
      });
      afterAll(() => database?.drop());

      const head = () => at.withConnection((db) => isAtHead(db, at.settings));
      const found = async () =>
        Object.values(problems(await verify(at, DATA_CHECKS))).filter(
          ({ id: check }) => check !== 'admin.password-default',
        );

      it('a database that was just made passes, and is at head', async () => {
        expect(await found()).toEqual([]);
        expect(await head()).toBe(true);
      });

      for (const [title, { on, plant, check, finding, undo, warned }] of Object.entries(CASES)) {
        it.skipIf(!(on ?? [dialect]).includes(dialect))(title, async () => {
          await at.withConnection(plant);
          const reports: readonly CheckReport[] = await found();
          expect(reports.map((report) => report.id)).toEqual(check === '' ? [] : [check]);
          if (check !== '') {
            expect(reports[0]?.status).toBe(warned ? 'warned' : 'failed');
            const [line] = reports[0]?.findings ?? [];
            expect(line).toEqual(
              typeof finding === 'string' ? expect.stringContaining(finding) : expect.stringMatching(finding),
            );
            expect(await head()).toBe(warned === true);
          }
          const { checks } = await fix(at, DATA_CHECKS);
          const left = checks.filter(({ remaining }) => (remaining ?? 0) > 0).map((one) => one.id);
          expect(left).toEqual(undo === undefined || check === '' ? [] : [check]);
          if (undo !== undefined) await at.withConnection(undo);
          expect(await found()).toEqual([]);
          expect(await head()).toBe(true);
        });
      }
    });
  }
});
