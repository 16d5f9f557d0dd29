import { keyCheck } from '../../ciphers/key-check.ts';
import { GatewayError } from '../../errors.ts';
import type { Row } from '../document.ts';
import { ACCOUNT_TABLES, ENTITY_TYPES } from '../entities.ts';
import { secretForDatabase } from '../secrets.ts';
import type { Problems } from './problems.ts';
import type { Source } from './read-source.ts';

export interface SecretOptions {
  /** AUTH_ENCRYPTION_SECRET of the gateway that is imported into. */
  readonly ours: string;
  /** That of the gateway that the file comes from, where it is another. */
  readonly theirs: string | null;
}

/**
 * Proves that the credentials of the file can be used here, before anything is read or written.
 *
 * @throws GatewayError SETTINGS
 */
export function refuseOtherKey(
  { secrets: { keyCheck: check } }: Source,
  { ours, theirs }: SecretOptions,
): void {
  const key = theirs ?? ours;
  if (check === null || (key !== '' && keyCheck(key) === check)) return;
  const message =
    theirs === null
      ? 'The credentials in the file were encrypted with another AUTH_ENCRYPTION_SECRET.'
      : '--source-secret-file holds another secret than the file was made with.';
  throw new GatewayError('SETTINGS', message, {
    hint:
      theirs === null
        ? 'Set AUTH_ENCRYPTION_SECRET to that of this gateway; where it is right, name a file with that of the other one: --source-secret-file. Nothing was changed.'
        : 'It has to be AUTH_ENCRYPTION_SECRET of the gateway that the file comes from. Nothing was changed.',
  });
}

/** The file with its credentials as this gateway stores them; the same ones stay the same. */
export function withStoredSecrets(source: Source, { ours, theirs }: SecretOptions, wrong: Problems): Source {
  const { kind, secrets } = source;
  const origin = { mode: secrets.mode, from: theirs ?? ours, to: ours };
  const lists = (of: string, rows: Readonly<Record<string, readonly Row[] | undefined>>) =>
    Object.fromEntries(
      Object.entries(rows).map(([table, list = []]) => {
        const known = [...ENTITY_TYPES, ...ACCOUNT_TABLES].find((each) => each.table === table);
        const forms = Object.entries(known?.secrets ?? {});
        return [table, list.map((row, i) => stored(row, `${of}.${table}[${i}]`, forms))];
      }),
    );
  const stored = (
    row: Row,
    path: string,
    forms: [string, Parameters<typeof secretForDatabase>[0]][],
  ): Row => {
    const values = forms.flatMap(([column, form]) => {
      const value = row[column];
      if (value === undefined) return [];
      const found = secretForDatabase(form, value, origin);
      // What did not open where it comes from does not open here either, and is as it was.
      const isAsItWas = kind === 'mcpgw' && theirs === null && form !== 'plain';
      if (found === undefined && !isAsItWas)
        wrong.add(
          `${path}.${column}`,
          'it was encrypted with another AUTH_ENCRYPTION_SECRET: --source-secret-file',
        );
      return [[column, found === undefined ? value : found] as const];
    });
    return values.length === 0 ? row : { ...row, ...Object.fromEntries(values) };
  };
  return {
    ...source,
    entities: lists('entities', source.entities),
    accounts: lists('accounts', source.accounts),
  };
}

/** Whether a row has a kind of credential and none: the gateway leaves them out of its document. */
export function withoutSecret({ auth_type = null, auth_value = null }: Row): boolean {
  return (
    auth_type !== null &&
    auth_type !== '' &&
    auth_type !== 'oauth' &&
    (auth_value === null || auth_value === '')
  );
}
