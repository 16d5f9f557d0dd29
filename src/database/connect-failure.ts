import { GatewayError } from '../errors.ts';

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
