import { hexId, type Row } from '../database/rows.ts';
import type { PasswordHash } from './password.ts';

/** Rows of users, teams and memberships as v0.7.0 of the gateway writes them (CONFIGURATION C1, C2, C4). */

export interface NewUser {
  readonly email: string;
  readonly fullName: string | null;
  readonly isAdmin: boolean;
  readonly verifiedAt: Date | null;
  readonly password: PasswordHash;
  readonly now: Date;
}

export const userRow = ({ email, fullName, isAdmin, verifiedAt, password, now }: NewUser): Row => ({
  email,
  password_hash: password.hash,
  full_name: fullName,
  is_admin: isAdmin,
  is_active: true,
  email_verified_at: verifiedAt,
  auth_provider: 'local',
  password_hash_type: password.type,
  failed_login_attempts: 0,
  locked_until: null,
  created_at: now,
  updated_at: now,
  last_login: null,
});

export const registrationRow = (email: string, now: Date): Row => ({
  timestamp: now,
  user_email: email,
  event_type: 'registration',
  success: true,
});

export interface NewTeam {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string | null;
  readonly createdBy: string;
  readonly isPersonal: boolean;
  readonly visibility: string;
  /** Null is no limit. */
  readonly maxMembers: number | null;
  readonly now: Date;
}

export const teamRow = (team: NewTeam): Row => ({
  id: team.id,
  name: team.name,
  slug: team.slug,
  description: team.description,
  created_by: team.createdBy,
  is_personal: team.isPersonal,
  visibility: team.visibility,
  max_members: team.maxMembers,
  created_at: team.now,
  updated_at: team.now,
  is_active: true,
});

export interface NewMember {
  readonly teamId: string;
  readonly email: string;
  readonly role: string;
  readonly invitedBy: string | null;
  readonly now: Date;
}

export const memberRow = ({ teamId, email, role, invitedBy, now }: NewMember): Row => ({
  id: hexId(),
  team_id: teamId,
  user_email: email,
  role,
  joined_at: now,
  invited_by: invitedBy,
  is_active: true,
});

export interface NewAssignment {
  readonly email: string;
  readonly roleId: string;
  readonly scope: 'global' | 'team';
  readonly scopeId: string | null;
  readonly grantedBy: string;
  readonly id: string;
  readonly now: Date;
}

/** Of `user_roles` (CONFIGURATION C3). */
export const assignmentRow = ({ email, roleId, scope, scopeId, grantedBy, id, now }: NewAssignment): Row => ({
  id,
  user_email: email,
  role_id: roleId,
  scope,
  scope_id: scopeId,
  granted_by: grantedBy,
  granted_at: now,
  expires_at: null,
  is_active: true,
});
