import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import type { Report } from '../../src/report/report.ts';
import { refuseBadAdvice } from './refuse-bad-advice.ts';
import type { CliResult } from './spawn-cli.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../src/report/report.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

/**
 * The one document that `--format json` wrote.
 *
 * @throws Error where it is not alone on stdout, breaks the schema, advises a command that cannot be run, or names
 *   another exit code than the process's
 */
export function reportOf({
  stdout,
  stderr,
  exitCode,
}: Pick<CliResult, 'exitCode' | 'stdout' | 'stderr'>): Report {
  const report = reportIn(stdout, stderr);
  if (report.exitCode !== exitCode) {
    throw new Error(`the report says exit ${report.exitCode}, the process ${exitCode}`);
  }
  return report;
}

/** The same for a file that `--output` wrote. */
export function reportIn(text: string, context = ''): Report {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    throw new Error(`no JSON document: ${text.slice(0, 2000)}\n${context}`);
  }
  if (!validate(report)) throw new Error(`the report breaks its schema: ${JSON.stringify(validate.errors)}`);
  refuseBadAdvice(report as Report);
  return report as Report;
}
