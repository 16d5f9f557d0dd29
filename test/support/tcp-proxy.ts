import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  /** The URL of the database, through the proxy. */
  readonly url: string;
  /** Bytes that went to the server and came from it so far. */
  readonly bytes: { up: number; down: number };
  /** Ends every connection with a reset, after so many further bytes in that direction. */
  cutAfter(direction: 'up' | 'down', bytes: number): void;
  /** Resets every connection when the client sends this text, which the server still gets when `deliver`. */
  cutAt(text: string, deliver: boolean): void;
  /** From now on (or once the client sends `text`) nothing is forwarded, and nobody is told. */
  blackHole(text?: string): void;
  /** As when the server is stopped: connections end, and new ones are refused. */
  stop(): void;
}

/** A TCP proxy before a database server, for the test that is running. */
export async function tcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const bytes = { up: 0, down: 0 };
  const limit = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
  let trigger: { readonly text: string; readonly action: 'deliver-and-cut' | 'cut' | 'hole' } | null = null;
  let swallowing = false;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  const server: Server = createServer((client) => {
    const upstream = dial(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        if (swallowing) return;
        client.destroy();
        upstream.destroy();
      });
    }
    const forward = (from: Socket, to: Socket, direction: 'up' | 'down') =>
      from.on('data', (data) => {
        if (swallowing) return;
        bytes[direction] += data.length;
        if (direction === 'up' && trigger !== null && data.includes(trigger.text)) {
          const { action } = trigger;
          trigger = null;
          if (action === 'hole') {
            swallowing = true;
            return;
          }
          // The answer must not come back: only the way up is left, and it is closed behind the last word.
          client.resetAndDestroy();
          if (action === 'deliver-and-cut') upstream.end(data);
          else upstream.resetAndDestroy();
          return;
        }
        if (bytes[direction] >= limit[direction]) {
          limit[direction] = Number.POSITIVE_INFINITY;
          cut();
          return;
        }
        if (to.writable) to.write(data);
      });
    forward(client, upstream, 'up');
    forward(upstream, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    swallowing = false;
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const through = new URL(url);
  const address = server.address();
  through.hostname = '127.0.0.1';
  through.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: through.href,
    bytes,
    cutAfter(direction, count) {
      limit[direction] = bytes[direction] + count;
    },
    cutAt(text, deliver) {
      trigger = { text, action: deliver ? 'deliver-and-cut' : 'cut' };
    },
    blackHole(text) {
      if (text === undefined) swallowing = true;
      else trigger = { text, action: 'hole' };
    },
    stop() {
      server.close();
      cut();
    },
  };
}
