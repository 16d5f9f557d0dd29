import type * as z from 'zod';
import type { Document, Entity, Row } from '../document.ts';
import type { EntityTable } from '../entities.ts';
import { documentSchema } from './document-schema.ts';
import { gatewayDocument } from './gateway-document.ts';
import { type Problems, problems } from './problems.ts';

/** What an import reads, whichever of the two documents it was in. */
export interface Source {
  readonly kind: 'mcpgw' | 'gateway';
  readonly release: '0.6.0' | '0.7.0';
  readonly secrets: Document['secrets'];
  /** It has some of the rows of a type: what it lacks may well have been there. */
  readonly isPart: boolean;
  /** By table; empty where none are in it. */
  readonly accounts: Readonly<Record<string, readonly Row[]>>;
  /** Types that are in the file, with what it has of them. */
  readonly entities: Readonly<Partial<Record<EntityTable, readonly Entity[]>>>;
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
  const { roots: _inMemory, ...entities } = read.entities;
  // Nothing else tells the releases apart (CONFIGURATION A2).
  const isNew = JSON.stringify(file.entities).includes('"displayName":');
  const secrets = { mode: 'keep', keyCheck: null } as const;
  return {
    kind: 'gateway',
    release: isNew ? '0.7.0' : '0.6.0',
    secrets,
    isPart: true,
    accounts: {},
    entities: entities as Source['entities'],
  };
}

function ofOurs(file: Fields, wrong: Problems): Source | null {
  const { release } = isFields(file.source) ? file.source : {};
  const read = checked(documentSchema(release === '0.6.0' ? '0.6.0' : '0.7.0'), file, wrong);
  if (read === null) return null;
  const { source, secrets, selection = null, accounts = {}, entities } = read;
  return {
    kind: 'mcpgw',
    release: source.release,
    secrets,
    isPart: !(selection ?? []).every((word) => word.startsWith('--type ')),
    accounts,
    entities,
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

function refuseTwice({ accounts, entities }: Source, wrong: Problems): void {
  for (const [of, lists] of Object.entries({ accounts, entities })) {
    for (const [table, rows = []] of Object.entries(lists as Source['accounts'])) {
      const key = table === 'email_users' ? 'email' : 'id';
      const places = new Map<unknown, number>();
      for (const [i, row] of rows.entries()) {
        const first = places.get(row[key]);
        if (first === undefined || row[key] === undefined) places.set(row[key], i);
        else wrong.add(`${of}.${table}[${i}].${key}`, `it is that of ${of}.${table}[${first}], too`);
      }
    }
  }
}
