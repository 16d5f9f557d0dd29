/** What commands are called in a report, and in the advice that names one. */
export const COMMAND_NAMES = [
  'migrate',
  'bootstrap-db',
  'status',
  'verify',
  'fix',
  'backup',
  'restore',
  'rollback',
  'export',
  'doctor',
  'config',
  'team',
  'user',
  'apply',
  'assign',
  'import',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];
