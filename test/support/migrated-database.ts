import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { runChange } from '../../src/change/run-change.ts';
import type { Connection } from '../../src/database/connection.ts';
import { withDatabase } from '../../src/database/with-database.ts';
import { upgrade } from '../../src/migrate/upgrade.ts';
import type { DatabaseTarget } from '../../src/settings/database-target.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { DatabaseId } from './database-kinds.ts';
import type { TestDatabase } from './databases.ts';
import { surroundings } from './surroundings.ts';
import { copyOf } from './template.ts';

export const ADMIN = 'admin@corp.example.com';
export const ADMIN_PASSWORD = 'Str0ng-Passw0rd!';

export interface MigratedDatabase {
  readonly database: TestDatabase;
  readonly settings: Settings;
  /** A connection of the tool's own, for as long as `use` takes. */
  withConnection<T>(use: (db: Connection) => Promise<T>): Promise<T>;
}

/**
 * A database at v0.7.0 with a few rows in every owned table and around it: rows 1 and 2 of each, owned by the
 * administrator in the personal team, public. It belongs to the test that is running and goes with it.
 *
 * @param fill what to put in besides, or the defect to plant
 */
export async function migratedDatabase(
  id: DatabaseId,
  fill?: (database: TestDatabase) => Promise<unknown>,
): Promise<MigratedDatabase> {
  const database = await copyOf(id, 'migrated', migrateAndFill);
  onTestFinished(() => database.drop());
  await fill?.(database);
  return { database, ...opened(database.url) };
}

/** How a database that is there already is opened: its settings, and connections of the tool's own. */
export function opened(url: string): Pick<MigratedDatabase, 'settings' | 'withConnection'> {
  const { settings, target } = settingsFor(url);
  return { settings, withConnection: (use) => connect(target, use) };
}

function settingsFor(url: string): { settings: Settings; target: DatabaseTarget } {
  return loadSettings({
    flags: { databaseUrl: url },
    env: {
      PLATFORM_ADMIN_EMAIL: ADMIN,
      PLATFORM_ADMIN_PASSWORD: ADMIN_PASSWORD,
      PLATFORM_ADMIN_FULL_NAME: 'Dana Corp',
      // Hashing is not what these tests are about.
      ARGON2ID_TIME_COST: '1',
      ARGON2ID_MEMORY_COST: '1024',
    },
    cwd: tmpdir(),
    credentials: 'required',
    allowDefaultCredentials: false,
  });
}

function connect<T>(target: DatabaseTarget, use: (db: Connection) => Promise<T>): Promise<T> {
  return withDatabase(target, { access: 'write', create: false, retries: 0, retryIntervalMs: 1 }, use);
}

async function migrateAndFill(database: TestDatabase): Promise<void> {
  const { settings, target } = settingsFor(database.url);
  const change = upgrade({ settings, now: new Date(), adopt: false, marker: false });
  const around = surroundings((use) => connect(target, use));
  await connect(target, (db) => runChange(db, change, around));
  const team = await database.query(`SELECT id FROM email_teams WHERE created_by = '${ADMIN}'`);
  await database.query(rows(team).join(';\n'));
}

const AT = "'2025-08-01 10:00:00'";

function rows(team: string): string[] {
  const owned = 'team_id, owner_email, visibility';
  const owner = `'${team}', '${ADMIN}', 'public'`;
  const each = (make: (n: number) => string) => [1, 2].map(make);
  return [
    ...each(
      (n) =>
        `INSERT INTO gateways (id, name, slug, url, transport, capabilities, created_at, updated_at, enabled, reachable, tags, version, ${owned}) VALUES ('gateway-${n}', 'Gateway ${n}', 'gateway-${n}', 'http://peer${n}.example.com', 'SSE', '{}', ${AT}, ${AT}, true, true, '[]', 1, ${owner})`,
    ),
    ...each(
      (n) =>
        `INSERT INTO servers (id, name, description, created_at, updated_at, is_active, tags, version, ${owned}) VALUES ('server-${n}', 'Server ${n}', 'A server', ${AT}, ${AT}, true, '[]', 1, ${owner})`,
    ),
    ...each(
      (n) =>
        `INSERT INTO tools (id, original_name, url, integration_type, request_type, input_schema, created_at, updated_at, enabled, reachable, jsonpath_filter, tags, version, custom_name, custom_name_slug, display_name, gateway_id, name, ${owned}) VALUES ('tool-${n}', 'tool_${n}', 'http://tool.example.com/${n}', 'REST', 'POST', '{}', ${AT}, ${AT}, true, true, '', '[]', 1, 'tool_${n}', 'tool-${n}', 'Tool ${n}', ${n === 1 ? "'gateway-1'" : 'NULL'}, 'tool-${n}', ${owner})`,
    ),
    ...each(
      (n) =>
        `INSERT INTO resources (id, uri, name, created_at, updated_at, is_active, tags, version, text_content, ${owned}) VALUES (${n}, 'file:///resource-${n}', 'Resource ${n}', ${AT}, ${AT}, true, '[]', 1, 'text', ${owner})`,
    ),
    ...each(
      (n) =>
        `INSERT INTO prompts (id, name, template, argument_schema, created_at, updated_at, is_active, tags, version, ${owned}) VALUES (${n}, 'prompt-${n}', 'Say it', '{}', ${AT}, ${AT}, true, '[]', 1, ${owner})`,
    ),
    ...each(
      (n) =>
        `INSERT INTO a2a_agents (id, name, slug, endpoint_url, agent_type, protocol_version, capabilities, config, enabled, reachable, created_at, updated_at, tags, version, ${owned}) VALUES ('agent-${n}', 'Agent ${n}', 'agent-${n}', 'http://agent.example.com/${n}', 'generic', '1.0', '{}', '{}', true, true, ${AT}, ${AT}, '[]', 1, ${owner})`,
    ),
    `INSERT INTO server_tool_association (server_id, tool_id) VALUES ('server-1', 'tool-1'), ('server-1', 'tool-2')`,
    `INSERT INTO server_resource_association (server_id, resource_id) VALUES ('server-1', 1)`,
    `INSERT INTO tool_metrics (tool_id, timestamp, response_time, is_success) VALUES ('tool-1', ${AT}, 0.5, true), ('tool-2', ${AT}, 0.25, false)`,
    `INSERT INTO mcp_sessions (session_id, created_at, last_accessed) VALUES ('session-1', ${AT}, ${AT})`,
    `INSERT INTO mcp_messages (session_id, message, created_at, last_accessed) VALUES ('session-1', 'hello', ${AT}, ${AT})`,
    `INSERT INTO oauth_tokens (id, gateway_id, user_id, access_token, token_type, created_at, updated_at) VALUES ('oauth-1', 'gateway-1', 'user', 'not-a-token', 'Bearer', ${AT}, ${AT})`,
  ];
}
