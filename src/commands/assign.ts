import { assign, namesIn } from '../assign/assign.ts';
import type { Part } from './account-part.ts';

/** `mcpgw assign`: gives rows another team, owner or visibility. */
export const ASSIGN: Readonly<Record<string, Part>> = {
  assign: {
    change(rows, options) {
      const request = { ...options, rows };
      return { ...namesIn(request), what: 'The assignment', act: (book) => assign(book, request) };
    },
  },
};
