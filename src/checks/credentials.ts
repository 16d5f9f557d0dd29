import { encryptAuthValue } from '../ciphers/auth-value.ts';
import { Secret, updateRows } from '../database/rows.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { columnOf } from '../schema/model.ts';
import { type Check, CLEAN, type Findings } from './check.ts';
import { rowLine } from './row-line.ts';
import {
  AUTH_TYPES,
  CREDENTIAL_TABLES,
  type CredentialFault,
  type FaultyCredential,
  type StoredCredentials,
  storedCredentials,
} from './stored-credentials.ts';

interface CredentialCheck extends Omit<Check, 'id' | 'requires' | 'find'> {
  /** Behind the name of a row; never anything of a secret. */
  readonly line: string;
  /** What is so of these findings in particular. */
  more?(stored: StoredCredentials, count: number): Partial<Findings>;
}

/** A check of what is stored in `auth_value` (CONFIGURATION A3, A4, F5). */
function credentialCheck(fault: CredentialFault, { line, more, ...check }: CredentialCheck): Check {
  return {
    ...check,
    id: `credentials.${fault}`,
    requires: ['gateways', 'tools'],
    async find(context) {
      const stored = await storedCredentials(context);
      const rows = ofFault(stored, fault);
      if (rows.length === 0) return CLEAN;
      const sample = rows.slice(0, context.sampleSize);
      return {
        count: rows.length,
        sample: sample.map(({ table, id, name }) => rowLine(table, id, name, line)),
        ...more?.(stored, rows.length),
      };
    },
  };
}

const ofFault = ({ faulty }: StoredCredentials, fault: CredentialFault): readonly FaultyCredential[] =>
  faulty.filter((each) => each.fault === fault);

const SET_IT = advise`Set AUTH_ENCRYPTION_SECRET to the gateway’s own, then run: ${mcpgw('verify', '--only', 'credentials')}`;

/** The gateway's own change of a gateway leaves this, and no list and export of gateways works from then on. */
export const plaintextCredentials = credentialCheck('plaintext', {
  title: 'Credentials of gateways are encrypted',
  level: 'error',
  line: 'its credentials are in plain text',
  hint: advise`Run: ${mcpgw('fix', '--only', 'credentials.plaintext')}`,
  more: (stored, unfixable) =>
    canEncrypt(stored)
      ? {}
      : { unfixable, hint: advise`It is not known with which secret to encrypt them. ${SET_IT}` },
  async repair(context) {
    const { db, schema } = context;
    const stored = await storedCredentials(context);
    const column = columnOf(schema.get('gateways'), 'auth_value');
    const { key } = stored;
    if (key === null || column === undefined || !canEncrypt(stored)) return null;
    const rows = ofFault(stored, 'plaintext');
    return {
      summary: [`gateways: ${plural(rows.length, 'row')} encrypted with AUTH_ENCRYPTION_SECRET`],
      statements: rows.flatMap(({ table, id, type, headers = {} }) => {
        const value = db.dialect.values.toParameter(column, encryptAuthValue(headers, key));
        const set = { auth_value: new Secret(`${value}`), ...(type && { auth_type: type }) };
        return updateRows(db, table, ['id', [id]], set);
      }),
    };
  },
});

/** Encrypted with another secret than the gateway's they would be lost to it. */
const canEncrypt = ({ isSet, isWrong }: StoredCredentials): boolean => isSet && !isWrong;

/** The gateway's own change of a tool's visibility leaves this. It sends them, and shows and exports none. */
export const credentialsWithoutType = credentialCheck('type-missing', {
  title: 'Credentials have a type',
  level: 'warning',
  line: 'it has credentials, and no auth_type',
  hint: advise`The gateway may send such credentials, and shows and exports the row as one without. Each change of a tool’s visibility through the gateway leaves this, and so does taking its credentials away. Where they were taken away, set auth_value to NULL.\nTo give the others their type, run: ${mcpgw('fix', '--only', 'credentials.type-missing')}`,
  async repair(context) {
    const rows = ofFault(await storedCredentials(context), 'type-missing');
    const groups = CREDENTIAL_TABLES.flatMap((table) =>
      AUTH_TYPES.map((type) => {
        const ids = rows.filter((row) => row.table === table && row.type === type).map(({ id }) => id);
        return { table, type, ids };
      }),
    ).filter(({ ids }) => ids.length > 0);
    return {
      summary: groups.map(
        ({ table, type, ids }) => `${table}: ${plural(ids.length, 'row')} with auth_type ${type}`,
      ),
      statements: groups.flatMap(({ table, type, ids }) =>
        updateRows(context.db, table, ['id', ids], { auth_type: type }),
      ),
    };
  },
});

/** The gateway shows user and password apart: where it cannot take them apart, all of its list fails. */
export const colonPasswords = credentialCheck('colon-password', {
  title: 'Basic credentials are a user, one colon and a password',
  level: 'error',
  anyRelease: true,
  line: 'its basic credentials have another colon, or lack a part',
  hint: `With such a row the gateway can list and export none. Give it a password without a colon. Or have the same header sent under a type that can be listed: UPDATE tools SET auth_type = 'authheaders' WHERE id = … (the same for gateways)`,
});

/** Rows that the present secret does not open; where nobody has set one it is only said that there are some. */
export const undecryptableCredentials = credentialCheck('undecryptable', {
  title: 'Credentials open with AUTH_ENCRYPTION_SECRET',
  level: 'warning',
  anyRelease: true,
  line: 'its credentials do not open with this AUTH_ENCRYPTION_SECRET',
  hint: advise`With such a row the gateway can list and export none. If this is the gateway’s own secret, enter the credentials again. If not: ${SET_IT}`,
  more({ isSet, key }, count) {
    if (isSet) return {};
    const why = key === null ? 'empty' : 'not set, and they do not open with the gateway’s default';
    const unseen = `The encrypted credentials of ${plural(count, 'row')} were not looked into: AUTH_ENCRYPTION_SECRET is ${why}`;
    return { count: 0, sample: [], unseen, hint: SET_IT };
  },
});
