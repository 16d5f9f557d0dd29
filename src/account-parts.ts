/** An option: its flag, what it does, and how its value is read where it is no text. */
type OptionSpec = readonly [
  flag: string,
  what: string,
  parse?: (value: string, before: string[] | undefined) => unknown,
];
/** What the arguments are, where a word does not say it. */
export const ARGUMENTS: Readonly<Record<string, string>> = {
  '<team>': 'its id, slug or name',
  '[rows...]': 'tool:NAME or server:ID …, with * and ?',
  '<file>': 'what should be; - for standard input',
};
/** A command with its arguments, and its options; with “Writes nothing.” it only reads. */
export type PartSpec = readonly [spec: string, what: string, ...options: OptionSpec[]];

/**
 * What `team` and `user` are made of, and `assign` and `apply`, for the command line (`src/commands/accounts.ts` runs them).
 *
 * @param limit reads a number from 0
 * @param list reads words with commas between
 */
export function accountParts(limit: (value: string) => number, list: NonNullable<OptionSpec[2]>) {
  const settable: OptionSpec[] = [
    ['--description <text>', 'what it is for'],
    ['--visibility <visibility>', 'private or public'],
    ['--max-members <n>', 'how many may join; 0 is no limit', limit],
  ];
  const withPassword: OptionSpec = [
    '--password-file <file>',
    'file with the password, - for standard input (default: it is asked for)',
  ];
  const team: PartSpec[] = [
    ['list', 'List the teams. Writes nothing.', ['--all', 'personal and deleted ones, too']],
    ['show <team>', 'Tell about a team, its members and what they may do. Writes nothing.'],
    [
      'create <name>',
      'Make a team with its owner.',
      ...settable,
      ['--owner <email>', 'who owns it (default: the administrator)'],
    ],
    ['rename <team> <name>', 'Give a team another name; its slug stays.'],
    ['set <team>', 'Change description, visibility or limit of a team.', ...settable],
    [
      'delete <team>',
      'Delete a team; what belongs to it goes to another.',
      ['--move-to <team>', 'who gets it (default: each owner’s personal team)'],
    ],
    [
      'add <team> <email...>',
      'Add users to a team.',
      ['--role <role>', 'owner or member (default: member)'],
      ['--grant <role>', 'also give the permissions of developer, viewer or team_admin at this team'],
    ],
    ['remove <team> <email...>', 'Remove members from a team.'],
    ['role <team> <email> <role>', 'Make a member owner, or an owner member.'],
  ];
  const user: PartSpec[] = [
    ['list', 'List the users. Writes nothing.'],
    ['show <email>', 'Tell about a user, teams and permissions. Writes nothing.'],
    [
      'create <email>',
      'Make a user with a personal team.',
      withPassword,
      ['--full-name <name>', 'full name; the personal team is called after it'],
      ['--admin', 'make an administrator'],
    ],
    ['password <email>', 'Give a user another password.', withPassword],
    ['activate <email>', 'Let a user log in again.'],
    ['deactivate <email>', 'Keep a user from logging in; what they own stays.'],
    ['unlock <email>', 'Forget failed logins, which lock an account for a while.'],
    ['promote <email>', 'Make a user an administrator.'],
    ['demote <email>', 'Make an administrator a user like others.'],
  ];
  const assign: PartSpec = [
    'assign [rows...]',
    'Give rows another team, owner or visibility, without touching their credentials.',
    ['--type <types>', 'only rows of these types: tool, resource, prompt, agent, server, gateway', list],
    ['--tag <tags>', 'only rows with one of these tags', list],
    ['--team-from <teams>', 'only rows of these teams', list],
    ['--owner-from <emails>', 'only rows of these owners', list],
    ['--visibility-from <visibilities>', 'only rows that are private, team or public', list],
    ['--gateway <gateways>', 'only what these gateways brought', list],
    ['--server <servers>', 'only what these servers offer', list],
    ['--team <team>', 'the team that they get'],
    [
      '--owner <email>',
      'the owner that they get; what was in a personal team goes to the owner’s, unless --team says otherwise',
    ],
    ['--visibility <visibility>', 'the visibility that they get: private, team or public'],
    ['--cascade', 'with a gateway also what it brought, with a server what it offers'],
    ['--audit', 'count the versions up, and write who changed the rows, and when'],
  ];
  const apply: PartSpec = [
    'apply <file>',
    'Make users, teams and what belongs to them as a YAML or JSON file says they should be.',
    ['--prune', 'members, teams and local users that the file does not list go'],
  ];
  return { parts: { team, user }, alone: [assign, apply] } as const;
}
