import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CLEAN } from '../../checks/check.ts';
import { CONNECT_TIMEOUT_MS } from '../../database/server-location.ts';
import { errorText } from '../../errors.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import type { ServerKind } from './location.ts';

/** Whether the server's name leads to an address. Addresses and unix sockets have nothing to resolve. */
export function dnsExamination<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): Examination<TargetContext<Target>> {
  return {
    id: 'server.dns',
    title: 'The name of the server resolves',
    level: 'error',
    meaning: 'Nobody finds the server under the name that DATABASE_URL gives.',
    command: '',
    decisive: true,
    async find(context) {
      const { host, socketPath, connectTimeoutMs } = kind.locationOf(context);
      if (socketPath !== null) return CLEAN;
      if (isIP(host.split('%')[0] ?? '') !== 0) return { count: 0, sample: [`${host} is an address`] };
      try {
        const addresses = await inTime(
          lookup(host, { all: true, verbatim: true }),
          connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        );
        return { count: 0, sample: addresses.map(({ address }) => `${host} is ${address}`) };
      } catch (error) {
        const { code } = error as { code?: string };
        return {
          count: 1,
          sample: [`${host}: ${explain(code, error)}`],
          hint:
            code === 'ENOTFOUND'
              ? 'Correct the host in DATABASE_URL, or make the name known (DNS, /etc/hosts); between containers it is the name of the service, in the same network.'
              : 'Make the name server answer (/etc/resolv.conf, VPN, network of the container), or put the address of the server into DATABASE_URL.',
          command: `getent hosts ${host}`,
        };
      }
    },
  };
}

function explain(code: string | undefined, error: unknown): string {
  if (code === 'ENOTFOUND') return 'there is no such name (ENOTFOUND)';
  if (code === 'EAI_AGAIN') return 'no name server answers (EAI_AGAIN)';
  return errorText(error);
}

/** The system's resolver has a time limit of its own, which is long. */
async function inTime<T>(result: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
