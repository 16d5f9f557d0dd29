import { hexId, type Row } from '../database/rows.ts';
import type { PasswordHash } from './password.ts';

/** Rows of users, teams, memberships and roles as v0.7.0 of the gateway writes them (CONFIGURATION C1–C4). */

export interface NewUser {
  readonly email: string;
  readonly fullName: string | null;
  readonly isAdmin: boolean;
  readonly verifiedAt: Date | null;
  readonly password: PasswordHash;
}

export const userRow = (user: NewUser, now: Date): Row => ({
  email: user.email,
  password_hash: user.password.hash,
  full_name: user.fullName,
  is_admin: user.isAdmin,
  is_active: true,
  email_verified_at: user.verifiedAt,
  auth_provider: 'local',
  password_hash_type: user.password.type,
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
}

export const teamRow = (team: NewTeam, now: Date): Row => ({
  id: team.id,
  name: team.name,
  slug: team.slug,
  description: team.description,
  created_by: team.createdBy,
  is_personal: team.isPersonal,
  visibility: team.visibility,
  max_members: team.maxMembers,
  created_at: now,
  updated_at: now,
  is_active: true,
});

export const memberRow = (
  teamId: string,
  email: string,
  role: string,
  invitedBy: string | null,
  now: Date,
): Row => ({
  id: hexId(),
  team_id: teamId,
  user_email: email,
  role,
  joined_at: now,
  invited_by: invitedBy,
  is_active: true,
});

/** @param teamId null for a role that holds everywhere */
export const roleRow = (
  id: string,
  roleId: string,
  email: string,
  teamId: string | null,
  grantedBy: string,
  now: Date,
): Row => ({
  id,
  user_email: email,
  role_id: roleId,
  scope: teamId === null ? 'global' : 'team',
  scope_id: teamId,
  granted_by: grantedBy,
  granted_at: now,
  expires_at: null,
  is_active: true,
});
