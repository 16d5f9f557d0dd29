import { openBook } from '../accounts/book.ts';
import { teamDetails, teamList } from '../accounts/lists.ts';
import {
  addMember,
  GRANTS,
  MEMBER_ROLES,
  removeMember,
  setRole,
  warnOfNoRole,
  wordOf,
} from '../accounts/members.ts';
import { createTeam, deleteTeam, setTeam, slugOf, type TeamWish } from '../accounts/teams.ts';
import { accountsOf, changeAccounts, tellOfAccounts } from './accounts.ts';
import type { ChangeOptions } from './change-command.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';

type Reading = GlobalOptions & { readonly wait?: number };
type Settable = ChangeOptions & TeamWish;

export const listTeams = (io: Io, options: Reading & { readonly all?: boolean }) =>
  tellOfAccounts(io, options, 'team list', (db) => teamList(db, options.all === true));

export const showTeam = (io: Io, options: Reading, text: string) =>
  tellOfAccounts(io, options, 'team show', async (db, schema, { loaded: { settings } }) => {
    const book = await openBook(db, schema, { settings, now: new Date(), teams: [text] });
    const team = book.team(text, true);
    await book.close();
    return team === undefined ? [] : teamDetails(db, team);
  });

const settableFlags = ({ description, visibility, maxMembers }: TeamWish) => ({
  '--description': description,
  '--visibility': visibility,
  '--max-members': maxMembers,
});

export function createTeamCommand(io: Io, options: Settable & { readonly owner?: string }, name: string) {
  const flags = { ...settableFlags(options), '--owner': options.owner };
  return changeAccounts(
    io,
    options,
    { words: ['team', 'create', name], flags },
    ({ loaded: { settings } }) => ({
      emails: options.owner === undefined ? [] : [options.owner],
      teams: [name, slugOf({ settings }, name.trim(), '')],
      async act(book) {
        await createTeam(book, { ...options, name }, book.user(options.owner ?? book.actor));
      },
    }),
  );
}

export const setTeamCommand = (io: Io, options: Settable, text: string) =>
  changeAccounts(io, options, { words: ['team', 'set', text], flags: settableFlags(options) }, () => ({
    teams: [text],
    act(book) {
      const team = book.team(text);
      const { description, visibility, maxMembers } = options;
      if (team !== undefined) setTeam(book, team, { description, visibility, maxMembers });
    },
  }));

export const renameTeam = (io: Io, options: ChangeOptions, text: string, name: string) =>
  changeAccounts(io, options, { words: ['team', 'rename', text, name] }, ({ loaded: { settings } }) => {
    // By its old name it is found again by its slug, which stays.
    const slug = slugOf({ settings }, text.trim(), '');
    return {
      teams: [text, slug],
      act(book) {
        const renamed = [...book.pages.values()].find(
          ({ team }) => team.slug === slug && team.name === name.trim(),
        );
        const team = renamed?.team ?? book.team(text);
        if (team !== undefined) setTeam(book, team, { name });
      },
    };
  });

export function deleteTeamCommand(
  io: Io,
  options: ChangeOptions & { readonly moveTo?: string },
  text: string,
) {
  const { moveTo } = options;
  return changeAccounts(
    io,
    options,
    { words: ['team', 'delete', text], flags: { '--move-to': moveTo } },
    () => ({
      teams: moveTo === undefined ? [text] : [text, moveTo],
      async act(book) {
        const team = book.team(text, true);
        const target = moveTo === undefined ? undefined : book.team(moveTo);
        if (team !== undefined && (moveTo === undefined || target !== undefined))
          await deleteTeam(book, team, target);
      },
    }),
  );
}

export function addMembers(
  io: Io,
  options: ChangeOptions & { readonly role?: string; readonly grant?: string },
  text: string,
  emails: readonly string[],
) {
  const flags = { '--role': options.role, '--grant': options.grant };
  return changeAccounts(io, options, { words: ['team', 'add', text, ...emails], flags }, () => ({
    emails,
    teams: [text],
    act(book) {
      const role =
        options.role === undefined ? undefined : wordOf(book, 'role in a team', options.role, MEMBER_ROLES);
      const grant =
        options.grant === undefined ? undefined : wordOf(book, 'role to grant', options.grant, GRANTS);
      const [team, users] = accountsOf(book, text, emails);
      if (team === undefined) return;
      for (const user of users) addMember(book, team, user, role, grant);
      if (options.grant === undefined) warnOfNoRole(book, team, users);
    },
  }));
}

export const removeMembers = (io: Io, options: ChangeOptions, text: string, emails: readonly string[]) =>
  changeAccounts(io, options, { words: ['team', 'remove', text, ...emails] }, () => ({
    emails,
    teams: [text],
    act(book) {
      const [team, users] = accountsOf(book, text, emails);
      if (team !== undefined) for (const user of users) removeMember(book, team, user);
    },
  }));

export const setMemberRole = (
  io: Io,
  options: ChangeOptions,
  text: string,
  email: string,
  roleText: string,
) =>
  changeAccounts(io, options, { words: ['team', 'role', text, email, roleText] }, () => ({
    emails: [email],
    teams: [text],
    act(book) {
      const role = wordOf(book, 'role in a team', roleText, MEMBER_ROLES);
      const [team, [user]] = accountsOf(book, text, [email]);
      if (team !== undefined && user !== undefined && role !== undefined) setRole(book, team, user, role);
    },
  }));
