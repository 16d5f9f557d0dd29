import { keyCheck } from '../../ciphers/key-check.ts';
import type { Value } from '../../database/value.ts';
import { GatewayError } from '../../errors.ts';
import type { Row } from '../document.ts';
import { secretForDatabase } from '../secrets.ts';
import type { Problems } from './problems.ts';
import type { Source } from './read-source.ts';
import { IMPORT_TYPES } from './types.ts';

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
  const rows = IMPORT_TYPES.flatMap(({ table, isAccount, ...type }): [string, readonly Row[]][] => {
    const list = source.rows[table];
    const forms = Object.entries(type.secrets);
    if (list === undefined || forms.length === 0) return list === undefined ? [] : [[table, list]];
    const stored = list.map((row, i) => {
      const values = forms.flatMap(([column, form]): [string, Value][] => {
        const value = row[column] ?? (form === 'sso' ? null : undefined);
        if (value === undefined) return [];
        const found = secretForDatabase(form, value, origin);
        // What did not open where it comes from does not open here either, and is as it was.
        const isAsItWas = kind === 'mcpgw' && theirs === null && form !== 'plain';
        const path = `${isAccount ? 'accounts' : 'entities'}.${table}[${i}].${column}`;
        if (found === undefined && !isAsItWas)
          wrong.add(path, 'it was encrypted with another AUTH_ENCRYPTION_SECRET: --source-secret-file');
        return [[column, found ?? value]];
      });
      return { ...row, ...Object.fromEntries(values) };
    });
    return [[table, stored]];
  });
  return { ...source, rows: Object.fromEntries(rows) };
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
