import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopAll } from './servers/stop-on-exit.ts';
import { type Closing, closing, type VitestReport } from './testing/closing-line.ts';
import { obtainGateways } from './testing/obtain-gateways.ts';
import { type ObtainedServers, obtainServers } from './testing/obtain-servers.ts';
import { slowest, type TimedReport } from './testing/slowest.ts';
import { testOptions } from './testing/test-options.ts';
import { FIELD_PAGE, GATEWAY_PAGE, type Page, type TriedReport, triedOn } from './testing/tried-on.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DOCS = join(ROOT, 'docs');

const NO_SERVERS: ObtainedServers = { environment: {}, lines: ['no servers: --sqlite-only'], missing: [] };

type Report = VitestReport & TriedReport & TimedReport;

interface Run {
  readonly report: Report | undefined;
  readonly closing: Closing;
}

/** Runs a command with its output on ours and returns its exit code; a signal counts as 1. */
function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function runVitest(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Run> {
  const require = createRequire(import.meta.url);
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-report-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const exitCode = await run(process.execPath, [vitest, 'run', ...reporters, ...args], environment);
    const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
    return { report, closing: closing(report, exitCode) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function test(): Promise<Closing> {
  const options = testOptions(process.argv.slice(2), process.env);
  if ((await run('npm', ['run', '--silent', 'build'], process.env)) !== 0) {
    console.error('The program does not build: npm run build says why.');
    return closing(undefined, 1);
  }

  const [servers, gateways] = await Promise.all([
    options.sqliteOnly ? NO_SERVERS : obtainServers(process.env),
    obtainGateways(options.gateways),
  ]);
  const environment = {
    ...process.env,
    ...servers.environment,
    ...gateways.environment,
    ...(options.everyVersion ? { TEST_EVERY_VERSION: '1' } : {}),
  };
  const runs = ['This run has:', 'sqlite     runs', ...servers.lines, gateways.line].join('\n  ');
  const missing = [...servers.missing, ...gateways.missing];
  console.log(runs);

  const { report, closing: result } = await runVitest(options.vitestArguments, environment);

  if (report !== undefined) console.log(slowest(report, ROOT));
  console.log(runs);
  if (missing.length > 0 && options.allNeeded) {
    console.log(
      `Failed: all of them are needed here (CI or --all), and not had in full: ${missing.join(', ')}`,
    );
    return { ...result, exitCode: 1 };
  }
  if (!options.sqliteOnly && missing.length === 0 && report !== undefined) {
    if (options.gateways === 'all') writePage(GATEWAY_PAGE, report);
    if (options.tried === 'write') writePage(FIELD_PAGE, report);
    if (options.tried === 'compare' && result.exitCode === 0) comparePage(FIELD_PAGE, report);
  }
  return result;
}

function writePage(page: Page, report: TriedReport): void {
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(join(DOCS, page.file), triedOn(report, page));
}

/** Says when a page is not what this run showed; no failure: what a machine can try differs. */
function comparePage(page: Page, report: TriedReport): void {
  const file = join(DOCS, page.file);
  if (existsSync(file) && readFileSync(file, 'utf8') === triedOn(report, page)) return;
  console.log(`docs/${page.file} is not what this run showed. Run: npm run tried`);
}

let result: Closing;
try {
  result = await test();
} catch (error) {
  console.error(error);
  result = closing(undefined, 1);
} finally {
  await stopAll();
}
console.log(result.line);
process.exitCode = result.exitCode;
