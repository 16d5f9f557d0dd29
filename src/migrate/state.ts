import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, afterwards, joined, mcpgw, type Text } from '../report/advice.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, OWNED_TABLES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { refuseUnfinishedRestore } from './unfinished-restore.ts';

/** Revisions of the gateway's own migrations (COMPATIBILITY §1). */
export const REVISION = {
  v060: '1fc1795f6983',
  displayName: '733159a4fa74',
  multiTenancy: 'cfc3d6aa0fb2',
  v070: 'e182847d89e6',
} as const;

/** Revisions before v0.6.0 that are known by name, and the release that had them last where it is known. */
const OLDER: Readonly<Record<string, string>> = {
  e75490e949b1: 'v0.5.0',
  b77ca9d2de7e: 'before v0.6.0',
  e4fc04d1a442: 'before v0.6.0',
  '34492f99a0c4': 'before v0.6.0',
  '3b17fdc40a8d': 'before v0.6.0',
  '94f64b8e282f': 'before v0.6.0',
  add_oauth_tokens_table: 'before v0.6.0',
  add_a2a_agents_and_metrics: 'before v0.6.0',
  eb17fd368f9: 'before v0.6.0',
  c9dd86c0aac9: 'before v0.6.0',
};

export type StateKind =
  | 'empty'
  | 'unfinished-install'
  | 'v0.6.0'
  | 'crashed-upgrade'
  | 'partial-upgrade'
  | 'upgraded-by-gateway'
  | 'v0.7.0';

export interface State {
  readonly kind: StateKind;
  /** For people. */
  readonly description: string;
  /** `0.6.0`, `0.7.0`, or `empty`. */
  readonly release: string;
  /** Empty where there is none. */
  readonly revision: string;
  /** Something was begun and not ended: neither gateway knows such a database. */
  readonly unfinished: boolean;
}

/**
 * The rows of `alembic_version`; null when the table is not there.
 *
 * @throws GatewayError STATE when they are half of a restore
 */
export async function readRevisions(db: Connection, schema: Schema): Promise<readonly string[] | null> {
  await refuseUnfinishedRestore(db);
  if (!schema.has(VERSION_TABLE)) return null;
  const rows = await db.query<{ version_num: string }>(sql`SELECT version_num FROM alembic_version`);
  return rows.map((row) => row.version_num);
}

/** Whether a revision is one of the gateway's own. */
export function isKnown(revision: string): boolean {
  return Object.values<string>(REVISION).includes(revision) || Object.hasOwn(OLDER, revision);
}

const APPEARS: ReadonlySet<string> = new Set([VERSION_TABLE, HISTORY_TABLE]);

/**
 * Recognises the state a database is in (COMPATIBILITY §1).
 *
 * @param adopt take a v0.6.0 schema without a revision for what it looks like
 * @throws GatewayError STATE for every state that cannot be migrated, naming it
 */
export function recogniseState(schema: Schema, revisions: readonly string[] | null, adopt = false): State {
  const others = [...schema.keys()].filter((name) => !APPEARS.has(name));
  const [revision, ...more] = revisions ?? [];
  if (more.length > 0) {
    throw refused(
      `alembic_version has ${more.length + 1} rows (${revisions?.join(', ')}): development heads that were never merged.`,
      'Merge them with the gateway that made them, or restore a backup of a release.',
    );
  }
  if (revision === undefined) return withoutRevision(schema, others, adopt);
  refuseMissingTables(schema, revisions);
  if (Object.values<string>(REVISION).includes(revision)) return known(schema, revision);
  const meant = revision.trim().toLowerCase();
  if (meant !== revision && isKnown(meant)) {
    throw new GatewayError(
      'STATE',
      `alembic_version says “${revision}”: that is ${meant}, with blanks or in capitals, and no gateway knows it.`,
      { hint: advise`Write it as the gateway does: ${mcpgw('doctor', '--repair')}\nNothing was changed.` },
    );
  }
  const older = OLDER[revision];
  if (older !== undefined) {
    throw refused(
      `The database is at revision ${revision} (${older}), older than v0.6.0.`,
      advise`Upgrade the gateway to v0.6.0 first and let it start once; then run: ${afterwards(mcpgw('migrate'))}.`,
    );
  }
  throw refused(
    `The database is at revision ${revision}, which is newer than v0.7.0 or not the gateway’s.`,
    `Use the mcpgw of that release. This one migrates from v0.6.0 (${REVISION.v060}) to v0.7.0 (${REVISION.v070}).`,
  );
}

/** The tables of resources that a revision we know has, and the database has not. */
export function missingTables(schema: Schema, revisions: readonly string[] | null): readonly string[] {
  const isKnown = Object.values(REVISION).some((revision) => revisions?.includes(revision));
  return isKnown ? OWNED_TABLES.map(({ name }) => name).filter((name) => !schema.has(name)) : [];
}

/** @throws GatewayError STATE, when the database is not whole by its own word */
export function refuseMissingTables(schema: Schema, revisions: readonly string[] | null): void {
  const missing = missingTables(schema, revisions);
  if (missing.length === 0) return;
  throw refused(
    `alembic_version says ${revisions?.join(', ')}, but these tables of the gateway are missing: ${missing.join(', ')}.`,
    advise`Check that DATABASE_URL points at the gateway’s database and schema; if it does, restore a backup: ${mcpgw('backup', '--list')}.`,
  );
}

/** What each state is called, and the release that it is of. */
const STATES: Readonly<Record<StateKind, Pick<State, 'description' | 'release'>>> = {
  empty: { description: 'empty', release: 'empty' },
  'unfinished-install': {
    description: 'begun by mcpgw, without a recorded revision',
    release: 'unfinished',
  },
  'v0.6.0': { description: 'v0.6.0', release: '0.6.0' },
  'crashed-upgrade': { description: 'v0.6.0 with an upgrade that did not finish', release: '0.6.0' },
  'partial-upgrade': {
    description: 'between v0.6.0 and v0.7.0: an upgrade that did not finish',
    release: '0.6.0',
  },
  'upgraded-by-gateway': { description: 'v0.7.0, upgraded by the gateway itself', release: '0.7.0' },
  'v0.7.0': { description: 'v0.7.0', release: '0.7.0' },
};

const UNFINISHED: readonly StateKind[] = ['unfinished-install', 'crashed-upgrade', 'partial-upgrade'];

function stateOf(kind: StateKind, revision: string): State {
  return { kind, ...STATES[kind], revision, unfinished: UNFINISHED.includes(kind) };
}

/** Migrated, adopted or made new: where every way ends. */
export const AT_HEAD: State = stateOf('v0.7.0', REVISION.v070);

function known(schema: Schema, revision: string): State {
  const tools = schema.get('tools');
  if (revision === REVISION.v060) {
    // Our own run makes the table of its history first of all, and a rollback removes it.
    const crashed =
      columnOf(tools, 'display_name') !== undefined || schema.has('email_users') || schema.has(HISTORY_TABLE);
    return stateOf(crashed ? 'crashed-upgrade' : 'v0.6.0', revision);
  }
  if (revision !== REVISION.v070) return stateOf('partial-upgrade', revision);
  const scoped = tools?.uniques.some((u) => u.name === 'uq_team_owner_email_name_tool') ?? false;
  const leftovers = [...LEFTOVER_COPIES.keys()].some((name) => schema.has(name));
  return scoped && !leftovers ? AT_HEAD : stateOf('upgraded-by-gateway', revision);
}

function withoutRevision(schema: Schema, others: readonly string[], adopt: boolean): State {
  // Only our own run makes that table, and it records the revision last.
  if (schema.has(HISTORY_TABLE)) return stateOf('unfinished-install', '');
  if (others.length === 0) return stateOf('empty', '');
  if (!schema.has('gateways')) {
    const sample = others.slice(0, 5).join(', ');
    throw refused(
      `The database holds tables that are not the gateway’s: ${sample}${others.length > 5 ? ', …' : ''}.`,
      'Point DATABASE_URL at the gateway’s database, or at an empty one.',
    );
  }
  const differences = missingFromV060(schema);
  if (differences.length > 0) {
    throw refused(
      'There is a table gateways but no revision, and the tables are not those of v0.6.0.',
      'Check that DATABASE_URL points at the gateway’s database.',
      differences,
    );
  }
  if (!adopt) {
    throw refused(
      'The tables are those of v0.6.0, but no revision is recorded.',
      advise`If this is a v0.6.0 database, say so: ${mcpgw('migrate', '--adopt')}.`,
    );
  }
  return { ...stateOf('v0.6.0', ''), description: 'v0.6.0 without a recorded revision' };
}

function refused(message: string, hint: Text, details: readonly string[] = []): GatewayError {
  return new GatewayError('STATE', message, { hint: joined([hint, 'Nothing was changed.'], ' '), details });
}

/** Columns that every v0.6.0 table of resources has; what tells the gateway's tables from another program's. */
const FINGERPRINT: Readonly<Record<string, readonly string[]>> = {
  servers: ['id', 'name', 'icon', 'is_active', 'version'],
  tools: ['id', 'original_name', 'custom_name', 'custom_name_slug', 'input_schema', 'gateway_id', 'name'],
  resources: ['id', 'uri', 'mime_type', 'text_content', 'binary_content', 'gateway_id'],
  prompts: ['id', 'name', 'template', 'argument_schema', 'gateway_id'],
  gateways: ['id', 'name', 'slug', 'url', 'transport', 'auth_value', 'oauth_config'],
  a2a_agents: ['id', 'name', 'slug', 'endpoint_url', 'agent_type'],
};

function missingFromV060(schema: Schema): string[] {
  return Object.entries(FINGERPRINT).flatMap(([table, columns]) => {
    const existing = schema.get(table);
    if (existing === undefined) return [`${table}: the table is missing`];
    const missing = columns.filter((name) => columnOf(existing, name) === undefined);
    return missing.length === 0 ? [] : [`${table}: without ${missing.join(', ')}`];
  });
}
