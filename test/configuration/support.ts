import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import SQLite from 'better-sqlite3';
import type { Document } from '../../src/configuration/document.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { runInProcess } from '../support/run-in-process.ts';

export interface RealDatabase {
  readonly name: string;
  /** Its dump for SQLite. */
  readonly sql: string;
  readonly secret: string;
}

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/^v0.7.0-teams/, 'shared-secret-multi'],
  [/^v0.6.0/, 'shared-secret-060'],
  [/./, 'shared-secret-070'],
];

function dumpsIn(folder: string | undefined): RealDatabase[] {
  if (folder === undefined || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sqlite.sql'))
    .map((file) => ({
      name: file.replace('.sqlite.sql', ''),
      sql: join(folder, file),
      secret: SECRETS.find(([pattern]) => pattern.test(file))?.[1] ?? '',
    }));
}

/** Configurations of real gateways, where the machine has them. */
export const CONFIGURED: readonly RealDatabase[] = dumpsIn(process.env.MCPGW_REAL_CONFIG);
export const REAL: readonly RealDatabase[] = [...CONFIGURED, ...dumpsIn(process.env.MCPGW_REAL_DATABASES)];

/** A file of the real gateway's. */
export const realFile = (name: string): string =>
  readFileSync(join(process.env.MCPGW_REAL_CONFIG ?? '', name), 'utf8');

/** Loads a dump, with the driver: there may be no client. */
export async function loadedDump({ sql }: RealDatabase): Promise<TestDatabase> {
  const database = await createDatabase('sqlite');
  const file = new SQLite(database.name);
  file.exec(readFileSync(sql, 'utf8'));
  file.close();
  return database;
}

const validate = new Ajv2020({ strict: true, allErrors: true, formats: { 'date-time': true } }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/configuration.schema.json'), 'utf8')),
);

/** The document that a text is. @throws Error with everything about it that the schema does not allow */
export function documentIn(text: string): Document {
  const document = JSON.parse(text) as Document;
  if (!validate(document)) {
    throw new Error(JSON.stringify(validate.errors?.slice(0, 5), null, 2));
  }
  return document;
}

/** Its text without what differs between two exports of the same rows. */
export const bodyOf = (text: string): string =>
  text.replace(/"exportedAt": ".*"/, '').replace(/"(dialect|host)": ".*"/g, '');

/** What `mcpgw export` does, in this process. */
export const runExport = (
  database: { readonly url: string },
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) => runInProcess(['export', ...args], { env: { DATABASE_URL: database.url, ...env } });
