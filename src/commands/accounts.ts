import { type Book, type BookInput, openBook } from '../accounts/book.ts';
import { isEmpty } from '../change/change.ts';
import { type DataPurpose, dataChange, readV070 } from '../change/data-change.ts';
import type { Connection } from '../database/connection.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { ExitCode } from '../errors.ts';
import { mcpgw } from '../report/advice.ts';
import type { DraftSection } from '../report/report.ts';
import { section } from '../report/section.ts';
import type { Schema } from '../schema/model.ts';
import { type ChangeOptions, makeChange } from './change-command.ts';
import { type Flags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

/** What is read of the accounts, and what is planned on it. */
export interface AccountsWish extends Partial<Pick<BookInput, 'emails' | 'teams' | 'all'>> {
  act(book: Book, purpose: DataPurpose): void | Promise<void>;
}

interface Words {
  /** The command with its arguments, none of which is secret. */
  readonly words: readonly ['team' | 'user' | 'apply' | 'assign', ...string[]];
  readonly flags?: Flags;
  /** As a sentence starts. */
  readonly what?: string;
}

/** Changes teams and users, or shows with `--dry-run` how. */
export function changeAccounts(
  io: Io,
  options: ChangeOptions,
  { words: [name, ...words], flags = {}, what = 'The change of teams and users' }: Words,
  wish: (session: Session) => AccountsWish | Promise<AccountsWish>,
): Promise<ExitCode> {
  return runCommand(
    name === 'team' || name === 'user' ? `${name} ${words[0]}` : name,
    io,
    options,
    async ({ open }) => {
      const session = await openSession(io, options, { credentials: 'optional' });
      open(session);
      const { act, emails = [], teams = [], all = false } = await wish(session);
      const { settings } = session.loaded;
      const now = new Date();
      const change = dataChange({
        what,
        command: mcpgw(name, ...words, ...flagWords(flags)),
        reading: 'Reading teams and users',
        now,
        async plan(db, schema, purpose) {
          const book = await openBook(db, schema, { settings, now, emails, teams, all });
          await act(book, purpose);
          return book.close();
        },
      });
      return makeChange(session, options, {
        change,
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
    },
  );
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

/** Tells about teams and users. Writes nothing. */
export function tellOfAccounts(
  io: Io,
  options: GlobalOptions & { readonly wait?: number },
  name: string,
  read: (db: Connection, schema: Schema, session: Session) => Promise<readonly DraftSection[]>,
): Promise<ExitCode> {
  return runCommand(name, io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional', purpose: 'read' });
    open(session);
    return session.connect({ access: 'read', wait: options.wait }, async (db) => {
      await db.dialect.beginRead(db, PATIENCE_MS);
      const { schema, state } = await readV070(db, 'What you ask for');
      session.found(state);
      const sections = await read(db, schema, session);
      await db.dialect.endRead(db);
      return { exitCode: ExitCode.ok, sections };
    });
  });
}

/** What is named, as far as it is there; what is not is a problem. */
export function accountsOf(book: Book, team: string, emails: readonly string[]) {
  const users = emails.flatMap((email) => book.user(email) ?? []);
  return [book.team(team), users] as const;
}
