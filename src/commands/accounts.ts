import { openBook } from '../accounts/book.ts';
import { isEmpty } from '../change/change.ts';
import { dataChange, readV070 } from '../change/data-change.ts';
import type { Connection } from '../database/connection.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { ExitCode } from '../errors.ts';
import { mcpgw } from '../report/advice.ts';
import type { DraftSection } from '../report/report.ts';
import { section } from '../report/section.ts';
import type { Settings } from '../settings/settings.ts';
import type { AccountOptions, Args, Part, ReadBook, Wish } from './account-part.ts';
import { makeChange } from './change-command.ts';
import { type Flags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import type { Outcome } from './outcome.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

const PARTS = {
  team: async () => (await import('./team.ts')).TEAM,
  user: async () => (await import('./user.ts')).USER,
  assign: async () => (await import('./assign.ts')).ASSIGN,
  apply: async () => (await import('./apply.ts')).APPLY,
} as const;

/**
 * Tells of teams and users or changes them, or shows with `--dry-run` how.
 *
 * @param words the command as it was given: `team`, `add`, `sales` …
 * @param flags the options of its own, as they were given
 */
export function accounts(
  io: Io,
  options: AccountOptions,
  words: readonly [keyof typeof PARTS, ...string[]],
  flags: Flags,
): Promise<ExitCode> {
  const [name, ...others] = words;
  const hasParts = name === 'team' || name === 'user';
  const [part = '', ...args] = hasParts ? others : [name, ...others];
  return runCommand(hasParts ? `${name} ${part}` : name, io, options, async ({ open }) => {
    const asked = (await PARTS[name]())[part] as Part;
    const purpose = 'tell' in asked ? 'read' : 'write';
    const session = await openSession(io, options, { credentials: 'optional', purpose });
    open(session);
    const { settings } = session.loaded;
    if ('tell' in asked)
      return tell(session, options, (db, read) => asked.tell(db, args as unknown as Args, options, read));
    const wish = await asked.change(args as unknown as Args, options, session);
    return change(session, options, {
      ...wish,
      settings,
      command: mcpgw(name, ...others, ...flagWords(flags)),
    });
  });
}

/** Reads in one transaction. */
function tell(
  session: Session,
  options: AccountOptions,
  read: (db: Connection, book: ReadBook) => Promise<readonly DraftSection[]>,
): Promise<Outcome> {
  const { settings } = session.loaded;
  return session.connect({ access: 'read', wait: options.wait }, async (db) => {
    await db.dialect.beginRead(db, PATIENCE_MS);
    const { schema, state } = await readV070(db, 'What you ask for');
    session.found(state);
    const sections = await read(db, (named) => openBook(db, schema, { settings, now: new Date(), ...named }));
    await db.dialect.endRead(db);
    return { exitCode: ExitCode.ok, sections };
  });
}

function change(
  session: Session,
  options: AccountOptions,
  {
    act,
    command,
    what = 'The change of teams and users',
    ...input
  }: Wish & { readonly settings: Settings; readonly command: ReturnType<typeof mcpgw> },
): Promise<Outcome> {
  const now = new Date();
  return makeChange(session, options, {
    change: dataChange({
      what,
      command,
      reading: 'Reading teams and users',
      now,
      async plan(db, schema, purpose) {
        const book = await openBook(db, schema, { ...input, now });
        await act(book, purpose);
        return book.close();
      },
    }),
    flags: {},
    question: 'Make this change now?',
    describe: ({ steps, warnings }) => [...linesOf(steps), ...warnings],
    planned: (plan) => ({
      sections: isEmpty(plan) ? NOTHING : changes(linesOf(plan.steps)),
      warnings: plan.warnings,
    }),
    done: ({ plan, changed, warnings }) => ({
      exitCode: ExitCode.ok,
      sections: changed ? changes(linesOf(plan.steps)) : NOTHING,
      warnings,
    }),
  });
}

const linesOf = (steps: readonly { readonly summary?: readonly string[] }[]) =>
  steps.flatMap(({ summary = [] }) => summary);
const changes = (lines: readonly string[]) =>
  section(
    'changes',
    'Changes',
    ['what'],
    lines.map((line) => [line]),
  );
const NOTHING = changes(['Nothing: all of it is there already.']);
