import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../servers/cache-folder.ts';
import { findProgram } from '../servers/find-program.ts';
import { runProgram } from '../servers/run-program.ts';
import { lowestVersions } from './lowest-versions.ts';

const PACKAGE = 'mcp-contextforge-gateway';
const DRIVERS = ['psycopg2-binary', 'psycopg[binary]', 'pymysql'];
const PIP = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--quiet'];
/** The gateway's own range: >= 3.11, < 3.14. */
const PYTHONS = ['python3.11', 'python3.12', 'python3.13', 'python3'];
const PRINT_METADATA = `
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
print(wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))).decode())
`;

/** No gateway can be had here: there is no fitting Python, or PyPI does not answer. */
export class GatewayUnavailableError extends Error {}

/**
 * The Python of a virtual environment in `.servers/gateway` that has this release of the gateway and the drivers of
 * all databases. It is made at the first call, which takes a minute or two.
 *
 * The release's open ranges no longer work with the newest libraries, so each direct dependency is installed at the
 * lowest version that the release names; the newest only where that cannot be installed.
 *
 * @throws GatewayUnavailableError when it cannot be made on this machine
 */
export async function gatewayPython(release: string): Promise<string> {
  const folder = await cacheFolder(`gateway/${release}`, (filling) => fill(filling, release)).catch(
    (cause: Error) => {
      throw cause instanceof GatewayUnavailableError ? cause : unavailable(release, cause);
    },
  );
  return join(folder, 'venv/bin/python');
}

async function fill(folder: string, release: string): Promise<void> {
  await runProgram(await systemPython(), ['-m', 'venv', join(folder, 'venv')]);
  const python = join(folder, 'venv/bin/python');
  const wheels = join(folder, 'wheel');
  await runProgram(python, [...PIP, 'download', '--no-deps', '--dest', wheels, `${PACKAGE}==${release}`]);
  const wheel = join(wheels, readdirSync(wheels).find((name) => name.endsWith('.whl'))!);
  const lowest = lowestVersions(await runProgram(python, ['-c', PRINT_METADATA, wheels]));
  const install = (versions: readonly string[]) =>
    runProgram(python, [...PIP, 'install', wheel, ...versions, ...DRIVERS]);
  await install(lowest).catch(() => install([]));
}

async function systemPython(): Promise<string> {
  for (const name of PYTHONS) {
    const program = findProgram(name);
    if (program === undefined || !existsSync(program)) continue;
    const fits = 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))';
    const answer = await runProgram(program, ['-c', fits]).then(
      () => true,
      () => false,
    );
    if (answer) return program;
  }
  throw new GatewayUnavailableError(
    'no Python 3.11 to 3.13 with venv. What helps: apt-get install python3-venv',
  );
}

function unavailable(release: string, cause: Error): GatewayUnavailableError {
  return new GatewayUnavailableError(`gateway ${release} cannot be installed from PyPI: ${cause.message}`, {
    cause,
  });
}
