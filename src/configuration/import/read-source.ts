import type * as z from 'zod';
import type { Value } from '../../database/value.ts';
import type { Document, Reference, Row } from '../document.ts';
import { documentSchema } from './document-schema.ts';
import { gatewayDocument } from './gateway-document.ts';
import { grouped } from './here.ts';
import { type Problems, problems } from './problems.ts';
import { IMPORT_TYPES } from './types.ts';

/** What an import reads, whichever of the two documents it was in. */
export interface Source {
  readonly kind: 'mcpgw' | 'gateway';
  readonly release: '0.6.0' | '0.7.0';
  readonly secrets: Document['secrets'];
  /** It has some of the rows of a type: what it lacks may well have been there. */
  readonly isPart: boolean;
  /** Of the tables that are in the file, entities and accounts. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  /** The rows of the file before some were selected. */
  readonly whole?: Source['rows'];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What is in a document, ours or the gateway's (CONFIGURATION A2, F3).
 *
 * @param name of the file, for errors
 * @param separator of the gateway's slugs, which its own document does not have
 * @throws GatewayError USAGE with the path of all that is wrong
 */
export function readSource(file: unknown, name: string, separator: string): Source {
  const wrong = problems();
  const fields = isFields(file) ? file : {};
  const source =
    fields.format === undefined && 'exported_at' in fields
      ? ofGateway(fields, separator, wrong)
      : ofOurs(fields, wrong);
  if (source !== null) refuseTwice(source, wrong);
  wrong.refuse('USAGE', `${name} cannot be imported.`, 'Correct what is named above. Nothing was changed.');
  return source as Source;
}

function ofGateway(file: Fields, separator: string, wrong: Problems): Source | null {
  const read = checked(gatewayDocument(separator), file, wrong);
  if (read === null) return null;
  const { roots: _inMemory, ...rows } = read.entities;
  // Nothing else tells the releases apart (CONFIGURATION A2).
  const release = JSON.stringify(file.entities).includes('"displayName":') ? '0.7.0' : '0.6.0';
  return {
    kind: 'gateway',
    release,
    secrets: { mode: 'keep', keyCheck: null },
    isPart: true,
    rows: linked(rows as Source['rows']),
  };
}

/** Servers name their tools: by the computed name, else by the original one (CONFIGURATION F3). */
function linked(rows: Source['rows']): Source['rows'] {
  const { tools = [], servers } = rows;
  if (servers === undefined) return rows;
  const byName = ['name', 'original_name'].map((name) => grouped(tools, (row) => String(row[name])));
  const idOf = (name: string): Value => {
    const found = byName.map((groups) => groups.get(name) ?? []).find((some) => some.length > 0) ?? [];
    return found.length === 1 ? (found[0]?.id ?? name) : name;
  };
  const offered = (given: Value) =>
    (given as unknown as Reference[]).map(({ name }) => ({ id: idOf(name), name }));
  const lists = servers.map((row) => (row.tools ? { ...row, tools: offered(row.tools) } : row));
  return { ...rows, servers: lists };
}

function ofOurs(file: Fields, wrong: Problems): Source | null {
  const { release } = isFields(file.source) ? file.source : {};
  const read = checked(documentSchema(release === '0.6.0' ? '0.6.0' : '0.7.0'), file, wrong);
  if (read === null) return null;
  const { source, secrets, selection, accounts, entities } = read;
  const lists: Readonly<Record<string, readonly unknown[] | undefined>> = { ...accounts, ...entities };
  for (const [list, promised] of Object.entries(isFields(read.counts) ? read.counts : {})) {
    const there = lists[list]?.length ?? 0;
    if (promised !== there)
      wrong.add(
        `counts.${list.slice(0, 60)}`,
        `${String(promised).slice(0, 20)} are promised, ${there} are there: the file is damaged or was edited; correct counts`,
      );
  }
  const isPart = !(selection ?? []).every((word) => word.startsWith('--type '));
  return {
    kind: 'mcpgw',
    release: source.release,
    secrets,
    isPart,
    rows: { ...accounts, ...entities },
  } as Source;
}

/** Null where anything is wrong, which is told with its path. */
function checked<T extends z.ZodType>(schema: T, file: Fields, wrong: Problems): z.output<T> | null {
  const { success, data, error } = schema.safeParse(file);
  for (const { path, message } of error?.issues ?? []) {
    const place = path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 60)}`))
      .join('');
    wrong.add(place.replace(/^\./, '') || 'The file', message.slice(0, 200));
  }
  return success ? data : null;
}

function refuseTwice({ rows }: Source, wrong: Problems): void {
  for (const { table, key, isAccount } of IMPORT_TYPES) {
    const list = `${isAccount ? 'accounts' : 'entities'}.${table}`;
    const places = new Map<unknown, number>();
    for (const [i, row] of rows[table]?.entries() ?? []) {
      const first = places.get(row[key]);
      if (first === undefined) places.set(row[key], i);
      else wrong.add(`${list}[${i}].${key}`, `it is that of ${list}[${first}], too`);
    }
  }
}
