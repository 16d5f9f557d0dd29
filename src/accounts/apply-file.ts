import { parseDocument } from 'yaml';
import * as z from 'zod';
import { GatewayError } from '../errors.ts';
import { GRANTS, MEMBER_ROLES } from './members.ts';
import { TEAM_VISIBILITIES } from './teams.ts';

const text = z.string().trim().min(1);

const user = z.strictObject({
  email: text,
  fullName: z.string().optional(),
  admin: z.boolean().optional(),
  active: z.boolean().optional(),
  /** For a new account only. */
  passwordFile: text.optional(),
});

const member = z.strictObject({
  email: text,
  role: z.enum(MEMBER_ROLES).optional(),
  grants: z.array(z.enum(GRANTS)).optional(),
});

const team = z.strictObject({
  name: text,
  /** Of a team that gets another name. */
  slug: text.optional(),
  description: z.string().optional(),
  visibility: z.enum(TEAM_VISIBILITIES).optional(),
  maxMembers: z.int().min(0).optional(),
  /** An email alone is a member. */
  members: z
    .array(z.union([text.transform((email) => ({ email, role: undefined, grants: undefined })), member]))
    .optional(),
});

const MOST_TOLD = 20;
const NOWHERE = { line: 1, col: 1 };

/** One word or several. */
const words = z.union([text.transform((one) => [one]), z.array(text)]).optional();

/** The options of `mcpgw assign`. */
const assignment = z.strictObject({
  rows: words,
  type: words,
  tag: words,
  teamFrom: words,
  ownerFrom: words,
  visibilityFrom: words,
  gateway: words,
  server: words,
  team: text.optional(),
  owner: text.optional(),
  visibility: text.optional(),
  cascade: z.boolean().optional(),
  audit: z.boolean().optional(),
});

const file = z.strictObject({
  users: z.array(user).optional(),
  teams: z.array(team).optional(),
  assignments: z.array(assignment).optional(),
});

/** What a file of `mcpgw apply` says: users, teams and what belongs to them as it should be. What it does not name stays. */
export type ApplyFile = z.output<typeof file>;

/**
 * Reads such a file, YAML or JSON.
 *
 * @param source names it in errors
 * @throws GatewayError USAGE with everything that is wrong in it, each with its place
 */
export function parseApplyFile(content: string, source: string): ApplyFile {
  const isText = !/[\0\ufffd]/.test(content);
  const document = parseDocument(isText ? content : '');
  // What the parser says holds words of the file, which may be secrets.
  const broken = document.errors
    .slice(0, MOST_TOLD)
    .map(
      ({ code, linePos: [{ line, col }] = [NOWHERE] }) =>
        `line ${line}, column ${col}: this is no YAML (${code})`,
    );
  if (!isText) broken.push('it is no text');
  else if (document.contents === null) broken.push('it is empty');
  const found = broken.length === 0 ? file.safeParse(document.toJS()) : undefined;
  if (found?.success === true) return found.data;
  const details = [...broken, ...(found?.error.issues ?? []).flatMap((issue) => problemsOf(issue))];
  throw new GatewayError('USAGE', `${source} cannot be applied.`, {
    details,
    hint: 'Correct what is named above and run it again. Nothing was changed.',
  });
}

/** `teams[0].members[2].role: …`; of several ways to write a thing, what is wrong with the longest. */
function problemsOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const last = issue.errors.at(-1) ?? [];
    return last.flatMap((each) => problemsOf(each, path));
  }
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${placeOf([...path, key])}: there is no such key`);
  return [`${placeOf(path)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`];
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '') || 'the file';
