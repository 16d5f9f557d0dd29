import { perContext } from '../../checks/per-context.ts';
import { askForTls, type TlsAnswer } from '../../database/postgresql/ask-for-tls.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** What the server says about TLS before anybody logs in. Also over a unix socket, where it is always `N`. */
export const tlsOffer = perContext(
  async ({ target }: TargetContext<PostgresqlTarget>): Promise<TlsAnswer['answer']> => {
    const { answer, socket } = await askForTls(target);
    socket.destroy();
    return answer;
  },
);
