/**
 * Every error this tool raises on purpose: a stable code, the exit code of the command-line contract, what
 * happened (message), and what to do next (hint). `cli.ts` alone turns them into text and an exit code.
 */

import { type Command, nextIn, type Text } from './report/advice.ts';

/** Exit codes of the contract (README, "Exit codes"). */
export const ExitCode = {
  ok: 0,
  findings: 1,
  refused: 2,
  partial: 3,
  locked: 4,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Each code with the exit code it ends in; the keys are the closed list of `error.code` in JSON output. */
const EXIT_BY_CODE = {
  USAGE: ExitCode.refused,
  NODE_VERSION: ExitCode.refused,
  NATIVE_MODULE: ExitCode.refused,
  SETTINGS: ExitCode.refused,
  ENV_FILE: ExitCode.refused,
  URL: ExitCode.refused,
  SECRET_FILE: ExitCode.refused,
  UNREACHABLE: ExitCode.refused,
  AUTHENTICATION: ExitCode.refused,
  NO_DATABASE: ExitCode.refused,
  PERMISSION: ExitCode.refused,
  NOT_A_DATABASE: ExitCode.refused,
  CORRUPT: ExitCode.refused,
  READ_ONLY: ExitCode.refused,
  DISK_FULL: ExitCode.refused,
  SERVER_VERSION: ExitCode.refused,
  BUSY: ExitCode.refused,
  STATE: ExitCode.refused,
  PREFLIGHT: ExitCode.refused,
  CONFIRMATION: ExitCode.refused,
  OUTPUT: ExitCode.refused,
  CANCELLED: ExitCode.refused,
  FAILED: ExitCode.refused,
  PARTIAL: ExitCode.partial,
  LOCKED: ExitCode.locked,
  INTERRUPTED: ExitCode.interrupted,
  TERMINATED: ExitCode.terminated,
  INTERNAL: ExitCode.refused,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof EXIT_BY_CODE;

export interface GatewayErrorOptions {
  /** What to do next: a command, a setting, a package. Shown after the message. */
  readonly hint?: Text;
  /** The command to run next, where it is not the first one of the hint. */
  readonly next?: Command | undefined;
  /** One line each, for errors that report several problems at once. */
  readonly details?: readonly Text[];
  readonly cause?: unknown;
}

/** An error with a code, an exit code and advice. Messages and hints never contain secrets. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly hint: Text;
  readonly next: Command | undefined;
  readonly details: readonly Text[];

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.hint = options.hint ?? '';
    this.next = options.next ?? nextIn(this.hint);
    this.details = options.details ?? [];
  }

  get exitCode(): ExitCode {
    return EXIT_BY_CODE[this.code];
  }
}

/** The message of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
