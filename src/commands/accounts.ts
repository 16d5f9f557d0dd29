import type { Book } from '../accounts/book.ts';
import { accountsChange } from '../accounts/change.ts';
import type { DataPurpose } from '../change/data-change.ts';
import { readV070 } from '../change/data-change.ts';
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

export interface AccountsWish {
  /** Accounts and teams that are named. */
  readonly emails: readonly string[];
  readonly teams: readonly string[];
  /** Plans what is to be done. */
  act(book: Book, purpose: DataPurpose): void | Promise<void>;
}

/** Changes teams and users, or shows with `--dry-run` how. @param words the command with its arguments, no secrets */
export function changeAccounts(
  io: Io,
  options: ChangeOptions,
  {
    words: [name, ...words],
    flags = {},
  }: { words: readonly ['team' | 'user' | 'apply', ...string[]]; flags?: Flags },
  wish: (session: Session) => AccountsWish | Promise<AccountsWish>,
): Promise<ExitCode> {
  return runCommand(
    [name, ...(name === 'apply' ? [] : words.slice(0, 1))].join(' '),
    io,
    options,
    async ({ open }) => {
      const session = await openSession(io, options, { credentials: 'optional' });
      open(session);
      const wanted = await wish(session);
      const { settings } = session.loaded;
      const command = mcpgw(name, ...words, ...flagWords(flags));
      const change = accountsChange({ ...wanted, command, settings, now: new Date() });
      return makeChange(session, options, {
        change,
        flags: {},
        question: 'Make this change now?',
        describe: ({ steps, warnings }) => [...changesOf(steps), ...warnings],
        planned: ({ warnings }) => ({ warnings }),
        done: ({ plan, changed, warnings }) => ({
          exitCode: ExitCode.ok,
          sections: changed
            ? section(
                'changes',
                'Changes',
                ['what'],
                changesOf(plan.steps).map((line) => [line]),
              )
            : [],
          warnings,
        }),
      });
    },
  );
}

const changesOf = (steps: readonly { readonly summary?: readonly string[] }[]) =>
  steps.flatMap(({ summary = [] }) => summary);

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
