import { type AssignRequest, assign, namesIn } from '../assign/assign.ts';
import { changeAccounts } from './accounts.ts';
import type { ChangeOptions } from './change-command.ts';
import type { Io } from './io.ts';

/** Gives rows another team, owner or visibility, or shows with `--dry-run` which. */
export function assignCommand(io: Io, options: ChangeOptions & AssignRequest, rows: readonly string[]) {
  const request = { ...options, rows };
  const flags = {
    '--type': options.type,
    '--tag': options.tag,
    '--team-from': options.teamFrom,
    '--owner-from': options.ownerFrom,
    '--visibility-from': options.visibilityFrom,
    '--gateway': options.gateway,
    '--server': options.server,
    '--team': options.team,
    '--owner': options.owner,
    '--visibility': options.visibility,
    '--cascade': options.cascade,
    '--audit': options.audit,
  };
  return changeAccounts(io, options, { words: ['assign', ...rows], flags, what: 'The assignment' }, () => ({
    ...namesIn(request),
    act: (book) => assign(book, request),
  }));
}
