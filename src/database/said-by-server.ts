import { type ErrorCode, GatewayError } from '../errors.ts';

/** Whether a database itself said it, and not its driver or the way there. */
export function saidByServer(cause: unknown): boolean {
  // What only a server's own errors have: on PostgreSQL, and on MySQL.
  const { severity, sqlState } = (cause ?? {}) as { severity?: string; sqlState?: string };
  return severity !== undefined || sqlState !== undefined;
}

/** Of errors of a database: the statement, and what asked for it. */
const NOTES = new WeakMap<object, string[]>();

/** A statement of a plan can be as long as it likes. */
const SHOWN_CHARACTERS = 300;

/** Remembers for the details of an error what it came of. Returns the error. */
export function noting(error: unknown, what: string, text: string): unknown {
  if (typeof error !== 'object' || error === null || error instanceof GatewayError) return error;
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  NOTES.set(error, [...(NOTES.get(error) ?? []), `${what}: ${shown.replaceAll(/\s+/g, ' ')}`]);
  return error;
}

/** The codes of errors, what they are to us, a message, to which the server's words are added after a colon, and what to do. */
export type Words = readonly [codes: string, code: ErrorCode, message: string, hint: string];

interface Said {
  readonly product: string;
  readonly code: string;
  /** What the server said. */
  readonly text: string;
  readonly error: Error;
}

/**
 * What a server said, in the words of its table. What is not there, it refused for a reason of its own or of the
 * site's: a trigger, a constraint, a policy.
 */
export function inWords(table: readonly Words[], { product, code, text, error }: Said): GatewayError {
  const [, kind, message, hint] =
    table.find(([codes]) => codes.split(' ').includes(code)) ?? refusal(product, code);
  const says = message.endsWith(':') ? `${message} ${text.replace(/[.\s]+$/, '')}` : message;
  return new GatewayError(kind, `${says}.`, { hint, details: NOTES.get(error) ?? [], cause: error });
}

const refusal = (product: string, code: string): Words => [
  code,
  'FAILED',
  `${product} refused a statement (${code}):`,
  'It is the word of the server, or of something that the site put on its tables (a trigger, a constraint, a policy): change what refuses.',
];

/** Codes of the system for a connection that was not made, or was lost. */
const CODES =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|EPIPE|ENOENT)$/;

/**
 * The error for what the system says of a connection to a server; null for what it did not say.
 *
 * @param product as the subject of a sentence: `PostgreSQL`, `The MySQL server`
 */
export function connectFailure(product: string, error: Error): GatewayError | null {
  const { code = '', hostname } = error as Error & { code?: string; hostname?: string };
  if (!CODES.test(code)) return null;
  const unreachable = (message: string, hint: string) =>
    new GatewayError('UNREACHABLE', message, { hint, cause: error });
  const name = hostname === undefined ? 'The name of the server' : `The name ${hostname}`;
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(
        `${name} is not known here (ENOTFOUND).`,
        'Correct the host in DATABASE_URL, or make the name known (DNS, /etc/hosts); between containers it is the name of the service, in the same network. For a name that is still to come: --wait 60',
      );
    case 'EAI_AGAIN':
      return unreachable(
        `${name} cannot be looked up: no name server answers (EAI_AGAIN).`,
        'Check the name servers (/etc/resolv.conf, VPN, network of the container) and the host in DATABASE_URL. To wait for them: --wait 60',
      );
    default:
      return unreachable(
        `${product} does not answer (${code}).`,
        'Check host and port in DATABASE_URL and that the server runs. For one that is still starting: --wait 60',
      );
  }
}
