export interface DefaultRole {
  readonly name: string;
  readonly scope: 'global' | 'team';
  readonly permissions: readonly string[];
  readonly description: string;
}

/** The roles every v0.7.0 gateway has (COMPATIBILITY §4), identified by name and scope among active ones. */
export const DEFAULT_ROLES: readonly DefaultRole[] = [
  {
    name: 'platform_admin',
    scope: 'global',
    permissions: ['*'],
    description: 'Platform administrator with all permissions',
  },
  {
    name: 'team_admin',
    scope: 'team',
    permissions: [
      'teams.read',
      'teams.update',
      'teams.join',
      'teams.manage_members',
      'tools.read',
      'tools.execute',
      'resources.read',
      'prompts.read',
    ],
    description: 'Team administrator with team management permissions',
  },
  {
    name: 'developer',
    scope: 'team',
    permissions: ['teams.join', 'tools.read', 'tools.execute', 'resources.read', 'prompts.read'],
    description: 'Developer with tool and resource access',
  },
  {
    name: 'viewer',
    scope: 'team',
    permissions: ['teams.join', 'tools.read', 'resources.read', 'prompts.read'],
    description: 'Read-only access to resources',
  },
];

export const ADMIN_ROLE = 'platform_admin';

/** A JSON list spelled as Python's `json.dumps` does, which is what the gateway stores. */
export function jsonList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
}
