import type { Change } from '../change/change.ts';
import { type DataFound, type DataPlan, type DataPurpose, dataChange } from '../change/data-change.ts';
import type { Command } from '../report/advice.ts';
import { type Book, type BookInput, openBook } from './book.ts';

export interface AccountsRequest extends BookInput {
  readonly command: Command;
  /** Plans what is wanted of the accounts that were read. */
  act(book: Book, purpose: DataPurpose): void | Promise<void>;
}

/** The change of teams and users that `act` plans. */
export function accountsChange({ command, act, ...input }: AccountsRequest): Change<DataPlan<DataFound>> {
  return dataChange({
    what: 'The change of teams and users',
    command,
    reading: 'Reading teams and users',
    now: input.now,
    async plan(db, schema, purpose) {
      const book = await openBook(db, schema, input);
      await act(book, purpose);
      return book.close();
    },
  });
}
