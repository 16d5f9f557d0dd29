import type { Connection } from '../database/connection.ts';
import { readSiteObjects, type SiteKind, type SiteObject } from '../database/site-object.ts';
import { GatewayError } from '../errors.ts';
import { GATEWAY_TABLES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import { columnOf, type Schema, sameColumnSet } from '../schema/model.ts';
import { releaseSchema } from './release-schema.ts';

/** What a run takes from the schema, and where it writes. */
export interface SiteChange {
  readonly before: Schema;
  readonly after: Schema;
  /** Tables of which it updates rows. */
  readonly written: ReadonlySet<string>;
  /** It may put rows into any table of the gateway, and make those fit that are there. */
  readonly mends?: boolean;
  /** What triggers do to the rows that it updates is left to them. */
  readonly rowsOnly?: boolean;
}

/** The answers to what a site has put on the gateway's tables, a line each. */
export interface SiteAnswers {
  /** With what to do about it. */
  readonly refused: readonly string[];
  /** The statements that do the first of it, in their order, where there are some for each; none otherwise. */
  readonly first: readonly string[];
  readonly noted: readonly string[];
  /** It goes on as it is. */
  readonly kept: readonly string[];
}

type Answer =
  | { readonly refused: string; readonly first: readonly string[] }
  | { readonly noted: string }
  | null;
type Judge = (object: SiteObject, change: SiteChange) => Answer;

const isWritten = ({ about }: SiteObject, { written }: SiteChange) => written.has(about);
function refusedWhen(what: string | null, first: readonly string[], then = AGAIN): Answer {
  const how = first.length === 0 ? 'drop it' : `first: ${first.join('; ')};`;
  return what === null ? null : { refused: `${what}: ${how}${then}`, first };
}
const AGAIN = ' and make it again afterwards as it is to be then';
const dependent: Judge = (object, change) => refusedWhen(lostBy(object, change), object.drops);

const TOUCHED = {
  kept: '; what it would change in other columns stays as it was',
  changed: '; it may change other columns of them, too',
};

/** The one answer to each kind. */
const ANSWERS: Readonly<Record<SiteKind, Judge>> = {
  trigger: (object, change) =>
    dependent(object, change) ??
    (object.fires && isWritten(object, change)
      ? {
          noted: `runs for the rows that are updated${object.touches ? TOUCHED[change.rowsOnly ? 'changed' : 'kept'] : ''}`,
        }
      : null),
  rule: (object, change) =>
    refusedWhen(
      isWritten(object, change) ? 'does something else than what the run writes' : null,
      object.drops,
    ),
  view: dependent,
  policy: dependent,
  'generated column': dependent,
  'foreign key': dependent,
  // What one only mentions it may never come to.
  routine: (object, change) => {
    const lost = lostBy(object, change);
    return object.text === ''
      ? refusedWhen(lost, object.drops)
      : lost === null
        ? null
        : { noted: `${lost}: look at it` };
  },
  publication: (object, change) =>
    object.columns === '' ? { noted: 'new tables are not in it' } : dependent(object, change),
  'replica identity': (object, change) => {
    const lost = object.columns === '' && isWritten(object, change) ? 'has no replica identity' : null;
    const first = [`ALTER TABLE ${object.about} REPLICA IDENTITY DEFAULT`];
    return refusedWhen(lost ?? lostBy(object, change), first, ' No row could be updated.');
  },
  'row-level security': () => ({
    refused:
      'hides rows from this user: use a role with BYPASSRLS, or the owner of the tables where it is not forced on that',
    first: [],
  }),
  'event trigger': () => ({ noted: 'runs at each change of the schema, and may refuse it' }),
  'system versioning': ({ drops }) => refusedWhen('the server refuses to change such a table', drops, ''),
  'invisible column': () => null,
};

/**
 * The answer to what fails with an error, and takes the statement that comes to it along: its definer is not there.
 *
 * @param called the words of what triggers and routines do; empty without triggers
 */
function withoutDefiner(object: SiteObject, change: SiteChange, called: Words): Answer {
  const { kind, about, of, definer } = object;
  const runs =
    kind === 'trigger' && GATEWAY_TABLES.has(about)
      ? isWritten(object, change) || change.mends === true
      : change.written.size > 0 && called.has((kind === 'trigger' ? about : of).toLowerCase());
  if (definer === '' || !runs) return null;
  return definer === 'lost'
    ? {
        refused: 'stops what is written, since its definer does not exist: make that account, or drop it',
        first: [],
      }
    : { noted: 'stops what is written if its definer does not exist, which this user cannot see' };
}

type Words = ReadonlySet<string>;
const wordsOf = (text: string): Words => new Set(text.toLowerCase().split(/\W+/));

/** Why something would not work any more, or would stop the run; null when it would not. */
function lostBy(object: SiteObject, { before, after }: SiteChange): string | null {
  const { kind, about, columns, text, of } = object;
  if (kind === 'foreign key' && isOfGateway(object)) return null;
  const listed = columns === '' ? [] : columns.split(',');
  const words = wordsOf(text);
  for (const [name, table] of before) {
    const then = after.get(name);
    if (about !== name && !words.has(name)) continue;
    if (then === undefined) {
      // What is on the table itself goes with it.
      if (GATEWAY_TABLES.has(name) && (about !== name || ['foreign key', 'view', 'routine'].includes(kind)))
        return `needs ${name}, which goes`;
      continue;
    }
    if (then === table) continue;
    for (const column of table.columns) {
      const to = columnOf(then, column.name);
      if (about === name && listed.includes(column.name) && to?.kind !== column.kind)
        return `needs ${name}.${column.name}, which ${to === undefined ? 'goes' : 'changes its type'}`;
      if (to === undefined && words.has(column.name)) return `names ${name}.${column.name}, which goes`;
    }
    const loses = table.uniques.some(
      (unique) =>
        sameColumnSet(unique.columns, listed) &&
        !then.uniques.some((u) => sameColumnSet(u.columns, listed) && u.name === unique.name),
    );
    if (about === name && of !== name && loses && (kind === 'foreign key' || kind === 'replica identity'))
      return `needs ${name} (${listed.join(', ')}) to be unique, which it will not be any more`;
  }
  return null;
}

/** The gateway's own keys are the migrations' business. */
function isOfGateway({ about, columns, of }: SiteObject): boolean {
  const key = releaseSchema('0.7.0').get(about)?.primaryKey.join(',');
  return GATEWAY_TABLES.has(of) && (columns === '' || columns === key);
}

/** Judges what is there by what a run would do. */
export async function judgeSite(db: Connection, change: SiteChange): Promise<SiteAnswers> {
  const answers = { refused: [] as string[], noted: [] as string[], kept: [] as string[] };
  const firsts: (readonly string[])[] = [];
  const objects = await readSiteObjects(db, db.dialect.siteObjects);
  const doing = objects.filter(({ kind }) => kind === 'trigger' || kind === 'routine');
  const hasTriggers = doing.some(({ kind }) => kind === 'trigger');
  const called = wordsOf(hasTriggers ? doing.map(({ text }) => text).join(' ') : '');
  for (const object of objects) {
    if (object.kind === 'foreign key' && isOfGateway(object)) continue;
    const found = [withoutDefiner(object, change, called), ANSWERS[object.kind](object, change)];
    for (const answer of found) {
      if (answer === null) continue;
      if ('refused' in answer) {
        answers.refused.push(`${object.name} ${answer.refused}`);
        firsts.push(answer.first);
      } else answers.noted.push(`${object.name} ${answer.noted}`);
    }
    if (found.every((answer) => answer === null)) answers.kept.push(object.name);
  }
  const updated = [...change.written].filter((name) => name !== VERSION_TABLE && change.before.has(name));
  const unseen = await db.dialect.unseenTriggers(db, updated);
  if (unseen !== null) answers.noted.push(unseen);
  return { ...answers, first: firsts.every((each) => each.length > 0) ? [...new Set(firsts.flat())] : [] };
}

/**
 * Refuses a run that something of the site would stop, or that would break it.
 *
 * @param what runs: `The rollback`
 * @returns what it goes on with, a line each
 * @throws GatewayError PREFLIGHT
 */
export async function refuseSite(
  db: Connection,
  what: string,
  change: SiteChange,
): Promise<readonly string[]> {
  const { refused, noted } = await judgeSite(db, change);
  if (refused.length === 0) return noted;
  throw new GatewayError('PREFLIGHT', `${what} does not go together with what this site has added.`, {
    details: refused,
    hint: 'Do what each line says, then run the same command again. Nothing was changed.',
  });
}
