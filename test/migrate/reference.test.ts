import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HISTORY_TABLE } from '../../src/schema/gateway-tables.ts';
import type { Column, ColumnKind, Schema, Table } from '../../src/schema/model.ts';
import type { TestDialect } from '../support/database-kinds.ts';
import { describeEachVersion } from '../support/databases.ts';
import { freshSchema } from '../support/fresh-schema.ts';
import { REAL_DATABASES } from '../support/real-dumps.ts';
import { schemaShape } from '../support/schema-shape.ts';

/** A schema read from a real database by other means than ours; the folder is a sibling of the dumps. */
interface ReferenceTable {
  readonly columns: Readonly<
    Record<string, { readonly type: string; readonly nullable: boolean; readonly default: string | null }>
  >;
  readonly primary_key: readonly string[];
  readonly foreign_keys: readonly {
    readonly columns: readonly string[];
    readonly references: string;
    readonly on_delete: string | null;
  }[];
  readonly unique: readonly { readonly name: string | null; readonly columns: readonly string[] }[];
  readonly indexes: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly unique: boolean;
  }[];
}

const KINDS: readonly (readonly [RegExp, ColumnKind])[] = [
  [/^VARCHAR/, 'string'],
  [/^TEXT/, 'text'],
  [/^(JSON|LONGTEXT)/, 'json'],
  [/^(BOOLEAN|TINYINT\(1\))/, 'boolean'],
  [/^(DATETIME|TIMESTAMP)/, 'datetime'],
  [/^INTEGER/, 'integer'],
  [/^BIGINT/, 'bigint'],
  [/^(FLOAT|DOUBLE)/, 'float'],
  [/^(BLOB|BYTEA)/, 'blob'],
];

function referenceSchema(release: string, dialect: TestDialect): Schema {
  const path = join(REAL_DATABASES ?? '', '..', 'reference', `${release}.${dialect}.json`);
  const tables: Record<string, ReferenceTable> = JSON.parse(readFileSync(path, 'utf8'));
  return new Map(Object.entries(tables).map(([name, table]) => [name, fromReference(name, table, dialect)]));
}

function fromReference(name: string, table: ReferenceTable, dialect: TestDialect): Table {
  return {
    name,
    columns: Object.entries(table.columns).map(([column, { type, nullable }]): Column => {
      const found = KINDS.find(([pattern]) => pattern.test(type))?.[1];
      if (found === undefined) throw new Error(`${name}.${column}: unknown type ${type}`);
      const key = table.primary_key.length === 1 && table.primary_key[0] === column;
      const counts = key && (found === 'integer' || found === 'bigint');
      const length = found === 'string' ? /\((\d+)\)/.exec(type)?.[1] : undefined;
      return {
        name: column,
        // An INTEGER PRIMARY KEY of SQLite has 64 bits.
        kind: counts && dialect === 'sqlite' ? 'bigint' : found,
        length: length === undefined ? null : Number(length),
        unbounded: false,
        nullable,
        default: null,
        autoincrement: counts,
        type,
        collation: null,
        fill: null,
      };
    }),
    primaryKey: table.primary_key,
    uniques: table.unique.map((unique) => ({ ...unique, constraint: true })),
    indexes: table.indexes.filter((index) => !index.unique),
    foreignKeys: table.foreign_keys.map((key) => {
      const [, parent = '', references = ''] = /^(\w+)\((\w+)\)$/.exec(key.references) ?? [];
      const onDelete = key.on_delete as 'CASCADE' | 'SET NULL' | null;
      return { name: null, column: key.columns.join(), table: parent, references, onDelete };
    }),
    checks: [],
  };
}

const OWNED = ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents'];
const INDEXES = OWNED.filter((name) => name !== 'a2a_agents').flatMap((name) => [
  `idx_${name}_owner_visibility (owner_email,visibility)`,
  `idx_${name}_team_visibility (team_id,visibility)`,
]);

describe.skipIf(REAL_DATABASES === undefined)('reference schemas (needs MCPGW_REAL_DATABASES)', () => {
  describeEachVersion('a database made from nothing', ({ id, dialect }) => {
    test('is v0.7.0 as a new install makes it, with the ten indexes, the check and the default of §2', async () => {
      const ours = schemaShape(await freshSchema(id));
      const reference = schemaShape(referenceSchema('v0.7.0-fresh', dialect));
      const extra: string[] = [];
      for (const [name, shape] of Object.entries(ours)) {
        const wanted = reference[name];
        const keys = new Set(shape.foreignKeys.map((key) => key.slice(1, key.indexOf(')'))));
        // InnoDB makes an index for a foreign key that no other index serves.
        const own = (text: string) => !keys.has(text.replace(/^(\w+) \(\1\)$/, '$1'));
        const added = shape.indexes.filter((text) => own(text) && !wanted?.indexes.includes(text));
        extra.push(...added);
        ours[name] = {
          ...shape,
          columns: shape.columns.map((text) =>
            OWNED.includes(name) ? text.replace(/^(visibility .*) DEFAULT 'private'$/, '$1') : text,
          ),
          indexes: shape.indexes.filter((text) => own(text) && !added.includes(text)),
          // MariaDB checks its JSON columns, by their names.
          checks: shape.checks.filter((check) => !shape.columns.some((text) => text.startsWith(`${check} `))),
        };
        if (wanted !== undefined) reference[name] = { ...wanted, indexes: wanted.indexes.filter(own) };
      }
      expect(extra.toSorted()).toEqual(INDEXES.toSorted());
      expect(ours.email_teams?.checks).toEqual(['ck_email_teams_visibility']);
      expect(ours).toEqual({
        ...reference,
        email_teams: { ...reference.email_teams, checks: ['ck_email_teams_visibility'] },
      });
    });

    test('keeps its own history in one table', async () => {
      const schema = await freshSchema(id);
      const others = [...schema.keys()].filter((name) => !referenceSchema('v0.7.0-fresh', dialect).has(name));
      expect(others).toEqual([HISTORY_TABLE]);
    });

    test('visibility has its default', async () => {
      const schema = await freshSchema(id);
      for (const name of OWNED) {
        const visibility = schema.get(name)?.columns.find((column) => column.name === 'visibility');
        expect(visibility).toMatchObject({ default: "'private'", nullable: false, length: 20 });
      }
    });
  });
});
