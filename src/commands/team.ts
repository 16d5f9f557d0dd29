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
import { createTeam, deleteTeam, setTeam, slugOf } from '../accounts/teams.ts';
import type { Part } from './account-part.ts';

/** `mcpgw team`. */
export const TEAM: Readonly<Record<string, Part>> = {
  list: { tell: (db, _args, { all, verbose }) => teamList(db, all === true, verbose === true) },
  show: {
    async tell(db, [text], _options, read) {
      const book = await read({ teams: [text] });
      const team = book.team(text, true);
      await book.close();
      return team === undefined ? [] : teamDetails(db, team);
    },
  },
  create: {
    change: ([name], { owner, ...wish }, { loaded: { settings } }) => ({
      emails: owner === undefined ? [] : [owner],
      teams: [name, slugOf({ settings }, name.trim(), '')],
      async act(book) {
        await createTeam(book, { ...wish, name }, book.user(owner ?? book.actor));
      },
    }),
  },
  rename: {
    change([text, name = ''], _options, { loaded: { settings } }) {
      // By its old name it is found again by its slug, which stays.
      const slug = slugOf({ settings }, text.trim(), '');
      return {
        teams: [text, slug],
        act(book) {
          const renamed = book.teams().find((team) => team.slug === slug && team.name === name.trim());
          const team = renamed ?? book.team(text);
          if (team !== undefined) setTeam(book, team, { name });
        },
      };
    },
  },
  set: {
    change: ([text], { description, visibility, maxMembers }) => ({
      teams: [text],
      act(book) {
        const team = book.team(text);
        if (team !== undefined) setTeam(book, team, { description, visibility, maxMembers });
      },
    }),
  },
  delete: {
    change: ([text], { moveTo }) => ({
      teams: moveTo === undefined ? [text] : [text, moveTo],
      async act(book) {
        const team = book.team(text, true);
        const target = moveTo === undefined ? undefined : book.team(moveTo);
        if (team !== undefined && (moveTo === undefined || target !== undefined))
          await deleteTeam(book, team, target);
      },
    }),
  },
  add: {
    change: ([text, ...emails], { role, grant }) => ({
      emails,
      teams: [text],
      act(book) {
        const as = role === undefined ? undefined : wordOf(book, 'role in a team', role, MEMBER_ROLES);
        const given = grant === undefined ? undefined : wordOf(book, 'role to grant', grant, GRANTS);
        const users = book.usersOf(emails);
        const team = book.team(text);
        if (team === undefined) return;
        for (const user of users) addMember(book, team, user, as, given);
        if (grant === undefined) warnOfNoRole(book, team, users);
      },
    }),
  },
  remove: {
    change: ([text, ...emails]) => ({
      emails,
      teams: [text],
      act(book) {
        const users = book.usersOf(emails);
        const team = book.team(text);
        if (team !== undefined) for (const user of users) removeMember(book, team, user);
      },
    }),
  },
  role: {
    change: ([text, email = '', role = '']) => ({
      emails: [email],
      teams: [text],
      act(book) {
        const as = wordOf(book, 'role in a team', role, MEMBER_ROLES);
        const user = book.user(email);
        const team = book.team(text);
        if (team !== undefined && user !== undefined && as !== undefined) setRole(book, team, user, as);
      },
    }),
  },
};
