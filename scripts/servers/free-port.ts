import { createServer } from 'node:net';

/** A TCP port on 127.0.0.1 that nobody listens on right now. Somebody else may still take it: retry the start. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the system gave no TCP port on 127.0.0.1'));
      });
    });
  });
}
