import type { Migration } from '../src/migrate/migration.ts';
import type { TableChanges } from '../src/schema/changed.ts';
import {
  column,
  datetime,
  index,
  naiveDatetime,
  references,
  string,
  uniqueNamed,
} from '../src/schema/define.ts';

// Every server, tool, resource, prompt, gateway and agent gets a team, an owner and a visibility, and names
// become unique per team and owner instead of everywhere (COMPATIBILITY §2). The rows that are there get
// their final values as the columns arrive, which costs no rewrite on PostgreSQL, MySQL and MariaDB.

const teamId = column('team_id', string(36).null());
const ownerEmail = column('owner_email', string(255).null());
const visibility = column('visibility', string(20).defaultTo("'private'"));
const displayName = column('display_name', string(255).null());
const OWN_COLUMNS = [teamId, ownerEmail, visibility].map((c) => c.name);

interface OwnedTable {
  readonly name: string;
  /** Uniques of v0.6.0 that go, by column. */
  readonly global: readonly string[];
  /** Team-scoped uniques that come: name and column. */
  readonly scoped: Readonly<Record<string, string>>;
  readonly visibilityIndexes: boolean;
}

const OWNED: readonly OwnedTable[] = [
  {
    name: 'servers',
    global: ['name'],
    scoped: { uq_team_owner_name_server: 'name' },
    visibilityIndexes: true,
  },
  {
    name: 'gateways',
    global: ['slug', 'url'],
    scoped: { uq_team_owner_slug_gateway: 'slug', uq_team_owner_url_gateway: 'url' },
    visibilityIndexes: true,
  },
  {
    name: 'tools',
    global: ['name'],
    scoped: { uq_team_owner_email_name_tool: 'name' },
    visibilityIndexes: true,
  },
  { name: 'resources', global: [], scoped: {}, visibilityIndexes: true },
  { name: 'prompts', global: [], scoped: {}, visibilityIndexes: true },
  // Neither release indexes the visibility of agents.
  { name: 'a2a_agents', global: [], scoped: {}, visibilityIndexes: false },
];

function indexesOf(t: OwnedTable) {
  if (!t.visibilityIndexes) return [];
  return [
    index(`idx_${t.name}_team_visibility`, 'team_id', 'visibility'),
    index(`idx_${t.name}_owner_visibility`, 'owner_email', 'visibility'),
  ];
}

/** What a tool needs besides an owner: a display name, and the name v0.7.0 does not allow to be missing. */
const TOOL_CHANGES: TableChanges = {
  addColumns: [{ column: displayName, value: { kind: 'display-name' } }],
  fills: [
    { column: 'display_name', value: { kind: 'display-name' } },
    { column: 'name', value: { kind: 'expression', sql: 'custom_name_slug' } },
  ],
};

export default {
  id: '0003_ownership',
  title: 'Owner, team and visibility on every resource',
  when: 'after-seed',
  up(m) {
    for (const t of OWNED) {
      const own = m.ownership;
      const tool = t.name === 'tools' ? TOOL_CHANGES : {};
      // Where one of the two is there already, the other is filled from it row by row, not with a constant.
      const has = (wanted: string) => m.schema.get(t.name)?.columns.some((c) => c.name === wanted) ?? false;
      const half = has('team_id') || has('owner_email');
      const name = m.schema.get(t.name)?.columns.find((c) => c.name === 'name');
      m.changeTable(t.name, {
        dropUniques: t.global.map((c) => [c]),
        addColumns: [
          ...(tool.addColumns ?? []),
          { column: teamId, value: { kind: 'constant', value: half ? null : own.teamId } },
          { column: ownerEmail, value: { kind: 'constant', value: half ? null : own.ownerEmail } },
          { column: visibility, value: { kind: 'constant', value: own.visibility } },
        ],
        fills: tool.fills ?? [],
        alterColumns: [
          teamId,
          ownerEmail,
          visibility,
          ...(t.name === 'tools' && name !== undefined ? [{ ...name, nullable: false }] : []),
          ...(t.name === 'gateways' ? [column('last_seen', datetime().null())] : []),
        ],
        addUniques: Object.entries(t.scoped).map(([unique, c]) =>
          uniqueNamed(unique, 'team_id', 'owner_email', c),
        ),
        addIndexes: indexesOf(t),
        addForeignKeys: [references('team_id', 'email_teams.id', 'SET NULL')],
      });
    }
    m.changeTable('resource_subscriptions', {
      alterColumns: [column('last_notification', datetime().null())],
    });
  },
  down(m) {
    m.changeTable('resource_subscriptions', {
      alterColumns: [column('last_notification', naiveDatetime().null())],
    });
    for (const t of OWNED) {
      const table = m.schema.get(t.name);
      const name = table?.columns.find((c) => c.name === 'name');
      const going = [...OWN_COLUMNS, ...(t.name === 'tools' ? [displayName.name] : [])];
      const onThose = (columns: readonly string[]) => columns.some((c) => going.includes(c));
      m.changeTable(t.name, {
        // Also those that the gateway or somebody else made under another name.
        dropUniques: table?.uniques.map((u) => u.columns).filter(onThose) ?? [],
        dropForeignKeys: table?.foreignKeys.map((k) => k.column).filter((c) => going.includes(c)) ?? [],
        dropIndexes: table?.indexes.filter((i) => onThose(i.columns)).map((i) => i.name) ?? [],
        dropColumns: going,
        alterColumns: [
          ...(t.name === 'tools' && name !== undefined ? [{ ...name, nullable: true }] : []),
          ...(t.name === 'gateways' ? [column('last_seen', naiveDatetime().null())] : []),
        ],
        addUniques: t.global.map((c) => ({ name: null, columns: [c], constraint: true })),
      });
    }
  },
} satisfies Migration;
