import type { Book, BookInput } from '../accounts/book.ts';
import type { AssignRequest } from '../assign/assign.ts';
import type { DataPurpose } from '../change/data-change.ts';
import type { Connection } from '../database/connection.ts';
import type { DraftSection } from '../report/report.ts';
import type { ChangeOptions } from './change-command.ts';
import type { Session } from './session.ts';

/** The options of all parts of `team`, `user`, `assign` and `apply`. */
export interface AccountOptions extends ChangeOptions, Omit<AssignRequest, 'rows'> {
  readonly all?: boolean;
  readonly description?: string;
  readonly maxMembers?: number;
  readonly moveTo?: string;
  readonly role?: string;
  readonly grant?: string;
  readonly fullName?: string;
  readonly admin?: boolean;
  readonly passwordFile?: string;
  readonly prune?: boolean;
}

/** What is read of the accounts, and what is planned on it. */
export interface Wish extends Partial<Pick<BookInput, 'emails' | 'teams' | 'all'>> {
  /** As a sentence starts; the change of teams and users by default. */
  readonly what?: string;
  act(book: Book, purpose: DataPurpose): void | Promise<void>;
}

export type Args = readonly [first: string, ...others: string[]];

/** One thing that can be asked for: it tells, or it changes. */
export type Part =
  | {
      tell(
        db: Connection,
        args: Args,
        options: AccountOptions,
        read: ReadBook,
      ): Promise<readonly DraftSection[]>;
    }
  | { change(args: Args, options: AccountOptions, session: Session): Wish | Promise<Wish> };

/** What is there of the users and teams that are named. */
export type ReadBook = (named: Omit<BookInput, 'settings' | 'now'>) => Promise<Book>;
