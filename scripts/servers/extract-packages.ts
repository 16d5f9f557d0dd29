import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSources } from './debian-sources.ts';
import { findProgram } from './find-program.ts';
import { runProgram } from './run-program.ts';
import type { ServerName } from './server.ts';
import { ServerUnavailableError } from './unavailable.ts';

export interface PackageRequest {
  readonly server: ServerName;
  readonly packages: readonly string[];
  /**
   * `machine`: from the suites this machine uses, and only what it lacks.
   * `unstable`: from Debian's unstable suite with everything it depends on, down to the C library.
   */
  readonly suite: 'machine' | 'unstable';
}

/** Nobody reads these in a throw-away server, and they are half of the files. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/perl',
  'usr/lib/mysql-test',
];

/**
 * Downloads Debian packages and unpacks them into a folder. Nothing is installed, no service is touched, and
 * apt's own lists, cache and configuration stay as they are: all state is in a temporary folder (apt.conf(5)).
 *
 * @throws ServerUnavailableError without apt-get, dpkg, Debian sources, or when the download fails
 */
export async function extractPackages(request: PackageRequest, into: string): Promise<void> {
  // The machine's own suites do not have what comes from unstable, so it cannot be installed by hand either.
  const remedy =
    request.suite === 'machine'
      ? `apt-get install ${request.packages.join(' ')}`
      : `npm run servers -- install ${request.server} on a Debian machine that reaches its package archive`;
  const sources = debianSources();
  if (findProgram('apt-get') === undefined || findProgram('dpkg') === undefined || sources === undefined) {
    throw new ServerUnavailableError(
      request.server,
      'it is not installed and this is no Debian machine',
      remedy,
    );
  }
  const state = mkdtempSync(join(tmpdir(), 'mcpgw-apt-'));
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(state, folder), { recursive: true });
    }
    let sourceFile = sources.file;
    let installed = '/var/lib/dpkg/status';
    if (request.suite === 'unstable') {
      sourceFile = join(state, 'unstable.sources');
      installed = join(state, 'status');
      const signedBy = sources.signedBy === '' ? '' : `Signed-By: ${sources.signedBy}\n`;
      writeFileSync(
        sourceFile,
        `Types: deb\nURIs: ${sources.archive}\nSuites: unstable\nComponents: main\n${signedBy}`,
      );
      writeFileSync(installed, '');
    }
    const apt = (...args: string[]) =>
      runProgram('apt-get', ['-qq', ...privateState(state, sourceFile, installed), ...args]);
    await apt('update');
    await apt('install', '--yes', '--download-only', '--no-install-recommends', ...request.packages);
    const archives = join(state, 'cache/archives');
    for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      await runProgram('dpkg', ['--extract', join(archives, archive), into]);
    }
    for (const folder of LEFT_OUT) rmSync(join(into, folder), { recursive: true, force: true });
  } catch (error) {
    throw new ServerUnavailableError(
      request.server,
      `fetching it failed: ${(error as Error).message}`,
      remedy,
    );
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function privateState(state: string, sourceFile: string, installed: string): string[] {
  const settings = {
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::State::status': installed,
    'Dir::State::extended_states': join(state, 'extended_states'),
    'Dir::Cache': join(state, 'cache'),
    'Dir::Etc::SourceList': sourceFile,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Acquire::Retries': '2',
    // By default an update without a network is a success with old lists, and we have no old lists.
    'APT::Update::Error-Mode': 'any',
    'Acquire::Languages': 'none',
    // The temporary folder is ours alone, so apt's own download user could not write there.
    'APT::Sandbox::User': 'root',
    // The lock protects the machine's package state, which is not touched; without it no root is needed.
    'Debug::NoLocking': '1',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
