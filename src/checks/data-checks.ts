import { emptySlug, inactiveTeam, noOwner, noPersonalTeam, unusableRoles } from './account-checks.ts';
import {
  adminAccount,
  adminExists,
  adminLogin,
  adminPasswordBcrypt,
  adminPasswordHash,
} from './admin-checks.ts';
import { adminPasswordDefault } from './admin-password-default.ts';
import { gatewayVisibility, ownerNotInTeam } from './belonging-checks.ts';
import type { Check } from './check.ts';
import {
  colonPasswords,
  credentialsWithoutType,
  plaintextCredentials,
  undecryptableCredentials,
} from './credentials.ts';
import { danglingForeignKeys } from './dangling-foreign-keys.ts';
import { importedDuplicates } from './imported-duplicates.ts';
import { integrity } from './integrity.ts';
import { orphans } from './orphans.ts';
import { ownershipDistribution } from './ownership-distribution.ts';
import { personalTeam } from './personal-team.ts';
import { privateRows } from './private-rows.ts';
import { release } from './release.ts';
import { roleAssignment } from './role-assignment.ts';
import { roles } from './roles.ts';
import { schemaAccess } from './schema-access.ts';
import { schemaColumns } from './schema-columns.ts';
import { schemaForeignKeys } from './schema-foreign-keys.ts';
import { schemaLeftovers } from './schema-leftovers.ts';
import {
  schemaAdditions,
  schemaChecks,
  schemaGlobalUniques,
  schemaHindrances,
  schemaIndexes,
  schemaPrimaryKeys,
  schemaTables,
} from './schema-parts.ts';
import { schemaUniques } from './schema-uniques.ts';
import { ssoProviders } from './sso-providers.ts';
import { teamMembership } from './team-membership.ts';
import { teamVisibility } from './team-visibility.ts';
import { ownerUnknown, teamUnknown } from './unknown-reference-check.ts';
import { values } from './values.ts';
import { visibilityDomain } from './visibility-domain.ts';
import { visibilityTeam } from './visibility-team.ts';

/**
 * Every check in the order they run and are shown; `fix` repairs in this order too, so that what a repair
 * builds on (a table, a team, rows that a constraint allows) comes before it.
 */
export const DATA_CHECKS: readonly Check[] = [
  release,
  integrity,
  schemaTables,
  schemaColumns,
  schemaPrimaryKeys,
  schemaAccess,
  schemaLeftovers,
  schemaGlobalUniques,
  schemaHindrances,
  schemaAdditions,
  values,
  adminExists,
  adminAccount,
  adminLogin,
  adminPasswordHash,
  adminPasswordBcrypt,
  adminPasswordDefault,
  teamVisibility,
  personalTeam,
  teamMembership,
  roles,
  roleAssignment,
  emptySlug,
  noPersonalTeam,
  noOwner,
  inactiveTeam,
  unusableRoles,
  ssoProviders,
  importedDuplicates,
  teamUnknown,
  ownerUnknown,
  orphans,
  visibilityDomain,
  visibilityTeam,
  privateRows,
  ownerNotInTeam,
  gatewayVisibility,
  danglingForeignKeys,
  schemaUniques,
  schemaIndexes,
  schemaForeignKeys,
  schemaChecks,
  plaintextCredentials,
  credentialsWithoutType,
  colonPasswords,
  undecryptableCredentials,
  ownershipDistribution,
];
