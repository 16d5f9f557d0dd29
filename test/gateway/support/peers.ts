import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { gatewayPython } from '../../../scripts/gateway/python.ts';
import { freePort } from '../../../scripts/servers/free-port.ts';
import type { AtEnd } from './gateways.ts';

export const TOKEN = 'Planted-Bearer-8802';

/**
 * A REST service on loopback that answers only to the bearer token, with what it was sent.
 *
 * @param atEnd called with what stops it
 */
export async function restService(atEnd: AtEnd = onTestFinished): Promise<{ url: string; calls(): number }> {
  let calls = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.once('end', () => {
      const known = request.headers.authorization === `Bearer ${TOKEN}`;
      if (known) calls += 1;
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known ? { echo: body } : { error: 'no token' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
}

const MCP_SERVER = `
import sys
from mcp.server.fastmcp import FastMCP

server = FastMCP("peer", host="127.0.0.1", port=int(sys.argv[1]))

@server.tool(description="Tells the time of a place")
def get_time(place: str) -> str:
    return f"noon in {place}"

@server.resource("peer://motto", name="motto", mime_type="text/plain")
def motto() -> str:
    return "steady"

@server.prompt(description="Greets somebody")
def greet(name: str) -> str:
    return f"Greet {name}"

server.run(transport="streamable-http")
`;

/** A small MCP server on loopback, of the library that the gateway itself uses. */
export async function mcpServer(): Promise<{ url: string }> {
  const port = await freePort();
  const child = spawn(await gatewayPython('0.6.0'), ['-c', MCP_SERVER, String(port)], {
    env: { PATH: process.env.PATH },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}/mcp`;
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return { url };
    await sleep(200);
  }
  throw new Error('the MCP server did not start');
}
