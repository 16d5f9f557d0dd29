import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../servers/run-program.ts';
import { running, type Started } from '../servers/running.ts';
import { stopOnExit } from '../servers/stop-on-exit.ts';
import { gatewayPython } from './python.ts';
import type { GatewayRelease } from './releases.ts';

export type GatewaySettings = Readonly<Record<string, string>>;

/** A gateway installed here, with a folder of its own whose `.env` holds its settings. */
export interface Gateway {
  readonly release: GatewayRelease;
  /** Runs `python -m <module> <args>` in its folder. @throws Error with the end of its output */
  run(module: string, args?: readonly string[]): Promise<string>;
  /** Runs a few lines of Python that may import the gateway's modules. @throws Error with the end of its output */
  python(code: string, args?: readonly string[]): Promise<string>;
  /** As `run`, whatever it ends with. */
  tryRun(module: string, args?: readonly string[]): Promise<{ exitCode: number; output: string }>;
  /** Starts its HTTP service and returns once `GET /health` answers. @throws Error with the end of its log */
  start(): Promise<RunningGateway>;
  /** Removes its folder. */
  remove(): void;
}

export interface RunningGateway {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A busy machine needs minutes for what a quiet one does in seconds. */
const START_SECONDS = 900;
const STOP_SECONDS = 20;
const POLL_MS = 200;

/** Settings that every judge has; random enough for 1.x, which refuses weak secrets. */
export const SECRETS = {
  JWT_SECRET_KEY: 'q7Vt2mZk9Xc4Rb6Ny1Wd8Hs3Lf5Gj0PaTeUoIr7EyBv',
  AUTH_ENCRYPTION_SECRET: 'k3Nf8Qw1Zr6Tj9Yb4Mx7Pc2Vd5Ls0HgAeRuOiWtGzJn',
} as const;

const SETTINGS: GatewaySettings = {
  ...SECRETS,
  BASIC_AUTH_USER: 'basic-user',
  BASIC_AUTH_PASSWORD: 'Basic-Password-7291',
  AUTH_REQUIRED: 'true',
  MCPGATEWAY_UI_ENABLED: 'true',
  MCPGATEWAY_ADMIN_API_ENABLED: 'true',
  MCPGATEWAY_A2A_ENABLED: 'true',
  SECURE_COOKIES: 'false',
  CACHE_TYPE: 'memory',
  FEDERATION_ENABLED: 'false',
  HEALTH_CHECK_INTERVAL: '86400',
  PLUGINS_ENABLED: 'false',
  // 1.x asks every administrator whom an older release made for a new password first.
  PASSWORD_CHANGE_ENFORCEMENT_ENABLED: 'false',
  LOG_LEVEL: 'INFO',
};

/**
 * Prepares a gateway: nothing but PATH and HOME comes from our environment, and its proxies lead nowhere, so that it
 * reaches loopback only.
 *
 * @param databaseUrl as SQLAlchemy writes it; from 1.0 on the driver of PostgreSQL is added
 * @throws GatewayUnavailableError when this release cannot be had here
 */
export async function prepareGateway(
  release: GatewayRelease,
  databaseUrl: string,
  settings: GatewaySettings,
): Promise<Gateway> {
  const python = await gatewayPython(release);
  const folder = mkdtempSync(join(tmpdir(), `mcpgw-gateway-${release}-`));
  const values = { ...SETTINGS, DATABASE_URL: withDriver(release, databaseUrl), ...settings };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
  const options = { cwd: folder, env: environment(folder) };
  return {
    release,
    run: (module, args = []) => runProgram(python, ['-m', module, ...args], options),
    python: (code, args = []) => runProgram(python, ['-c', code, ...args], options),
    tryRun: (module, args = []) => outcome(python, ['-m', module, ...args], options),
    start: () => startService(python, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function withDriver(release: GatewayRelease, url: string): string {
  if (url.startsWith('mysql:')) return url.replace('mysql:', 'mysql+pymysql:');
  if (!url.startsWith('postgresql:')) return url;
  return url.replace(
    'postgresql:',
    release.startsWith('1.') ? 'postgresql+psycopg:' : 'postgresql+psycopg2:',
  );
}

function environment(folder: string): NodeJS.ProcessEnv {
  const nowhere = 'http://127.0.0.1:9';
  return {
    PATH: process.env.PATH,
    HOME: folder,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    ALL_PROXY: nowhere,
    NO_PROXY: '127.0.0.1,localhost',
    PYTHONUNBUFFERED: '1',
  };
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

function outcome(program: string, args: readonly string[], place: Place) {
  return new Promise<{ exitCode: number; output: string }>((resolve, reject) => {
    const child = spawn(program, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? -1, output }));
  });
}

async function startService(python: string, place: Place): Promise<RunningGateway> {
  stopOnExit();
  const log = join(place.cwd, 'gateway.log');
  const file = openSync(log, 'w', 0o600);
  // It takes a port only at the end of its start: one that was found free before may be another's by then.
  const args = ['-m', 'uvicorn', 'mcpgateway.main:app', '--host', '127.0.0.1', '--port', '0'];
  const child = spawn(python, args, { ...place, stdio: ['ignore', file, file] });
  closeSync(file);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const started: Started = {
    async stop() {
      running.delete(started);
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
      await ended;
      clearTimeout(killer);
    },
    stopNow: () => void child.kill('SIGKILL'),
  };
  running.add(started);
  let url: string;
  try {
    url = await untilHealthy(log, child);
  } catch (error) {
    await started.stop();
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
    throw new Error(`The gateway did not start: ${(error as Error).message}\n${end}`, { cause: error });
  }
  return { url, log: () => readFileSync(log, 'utf8'), stop: () => started.stop() };
}

/** @returns where it says that it runs */
async function untilHealthy(log: string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    const [, url] = /Uvicorn running on (http:\/\/[\d.:]+)/.exec(readFileSync(log, 'utf8')) ?? [];
    const answer = url === undefined ? undefined : await fetch(`${url}/health`).catch(() => undefined);
    if (url !== undefined && answer?.ok) return url;
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`no answer within ${START_SECONDS} s`);
    await sleep(POLL_MS);
  }
}
