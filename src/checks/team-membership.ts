import { advise, mcpgw } from '../report/advice.ts';
import { noUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';
import { seedStatements } from './seed-statements.ts';

/** The administrator is an active owner of the personal team: the gateway lists teams by their members. */
export const teamMembership: Check = {
  id: 'team.membership',
  title: 'The administrator owns the personal team',
  level: 'error',
  requires: ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'],
  hint: advise`Run: ${mcpgw('fix', '--only', 'team.membership')}`,
  async find(context) {
    if (context.seed === null) return noUser(context.adminEmail);
    if (seedStatements(context, 'membership').length === 0) return CLEAN;
    return {
      count: 1,
      sample: [`${context.adminEmail} is no active member of the personal team as its owner`],
    };
  },
  async repair(context) {
    const part = context.seed?.parts.find(({ id }) => id === 'membership');
    if (part === undefined) return null;
    return { summary: part.created, statements: seedStatements(context, 'team', 'membership') };
  },
};
