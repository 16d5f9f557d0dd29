import { COMMAND_NAMES } from './command-names.ts';
import type { FormatName } from './format-name.ts';

const COMMAND = `(?:${COMMAND_NAMES.join('|')})`;

/**
 * How a report of this program begins, by format. No other program's file does, and none of ours that is no
 * report: it may be replaced by the next one.
 */
const BEGINNINGS: Readonly<Record<FormatName, RegExp>> = {
  json: /^\{\n {2}"schemaVersion": \d+,\n {2}"tool": \{\n {4}"name": "mcpgw",\n/,
  junit: /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="mcpgw /,
  markdown: new RegExp(`^### [✔✖] mcpgw ${COMMAND}?\\n`),
  // In colour as well, with the version that --verbose adds, and with what the line goes on with.
  text: new RegExp(
    `^(?:\\x1b\\[1m)?mcpgw (?:\\d[\\w.-]* )?${COMMAND}(?:\\x1b\\[22m)?(?:\\n| (?:\\x1b\\[2m)?[·-])`,
  ),
};

/** As much of a file as `isReport` wants. */
export const REPORT_BEGINNING_BYTES = 256;

/** Whether a file is a report of ours, by how it begins. */
export function isReport(beginning: string): boolean {
  return Object.values(BEGINNINGS).some((pattern) => pattern.test(beginning));
}

/** A report as a file: one that `isReport` knows again, also where a quiet text leaves out its first line. */
export function asFile(text: string, command: string): string {
  return text === '' || isReport(text) ? text : `mcpgw ${command}\n\n${text}`;
}
