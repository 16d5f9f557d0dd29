import { cpus, freemem, release, totalmem, type } from 'node:os';
import { type DoctorCheck, fine, found } from '../../checks/check.ts';
import { NATIVE_MODULES, remedyCommand, whyNot } from '../../native-modules.ts';
import { isSupported, OLDEST_NODE } from '../../node-version.ts';
import { shell } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import { plural } from '../../report/plural.ts';
import type { DoctorContext } from '../context.ts';
import { processLimits } from './process-limits.ts';
import { sqliteVersions } from './sqlite-versions.ts';
import { temporaryFiles } from './temporary-files.ts';

type MachineCheck = DoctorCheck<DoctorContext>;

/** What a person who helps from afar asks first. */
const platform: MachineCheck = {
  id: 'machine.platform',
  title: 'The machine and the user',
  level: 'info',
  hint: '',
  async find() {
    const user = process.getuid?.();
    const who =
      user === 0
        ? 'user 0 (root): files it makes, such as backups, are root’s, too'
        : `user ${user}, group ${process.getgid?.()}`;
    return fine(
      `${type()} ${release()}, ${process.arch}, ${plural(cpus().length, 'core')}`,
      ...(user === undefined ? [] : [who]),
      ...(process.platform === 'darwin'
        ? ['macOS: a shell may open 256 files (ulimit -n 4096), and keeps programs out of some folders']
        : []),
    );
  },
};

/** npm only warns about a Node.js that is too old, and native modules then crash in odd places. */
const nodeVersion: MachineCheck = {
  id: 'machine.node',
  title: 'This Node.js is supported',
  level: 'error',
  hint: `mcpgw needs Node.js ${OLDEST_NODE} or later; an older one fails in odd places.`,
  command: shell('nvm install --lts'),
  async find() {
    const { node, modules } = process.versions;
    const fact = `Node.js ${node} (modules ${modules}) at ${process.execPath}`;
    return { count: isSupported(node) ? 0 : 1, sample: [fact] };
  },
};

/** Modules that were installed for another Node.js, or whose build failed, show only when they are loaded. */
const nativeModules: MachineCheck = {
  id: 'machine.native-modules',
  title: 'The native modules load',
  level: 'error',
  hint: 'These modules were installed for another Node.js or another machine, or their build failed. A command that needs one of them is refused.',
  async find() {
    const modules = Object.values(NATIVE_MODULES);
    const sample: string[] = [];
    const commands = new Set<string>();
    for (const module of modules) {
      try {
        module.load();
      } catch (error) {
        sample.push(`${module.name}, which ${module.purpose}: ${whyNot(error)}`);
        commands.add(remedyCommand(module));
      }
    }
    if (sample.length === 0) return fine(...modules.map(({ name }) => name));
    return found(sample, { command: shell([...commands].join(' && ')) });
  },
};

/** What a migration takes besides the hash; measured, it does not grow with the database. */
const RUN_BYTES = 128e6;

/** The hash of the administrator's password takes memory by design, and is killed where there is none. */
export const memory: MachineCheck = {
  id: 'machine.memory',
  title: 'There is memory for a migration',
  level: 'warning',
  hint: 'A migration may be killed for want of memory, most likely while it hashes the administrator’s password (ARGON2ID_MEMORY_COST). Nothing is lost by that; give it more memory, or stop other programs.',
  async find({ inspected: { settings } }) {
    // Within the limit of the container, where there is one.
    const limit = process.constrainedMemory();
    const isLimited = limit > 0 && limit < totalmem();
    const available = isLimited ? Math.min(freemem(), limit - process.memoryUsage.rss()) : freemem();
    const needed = RUN_BYTES + settings.argon2idMemoryCost * 1024;
    const sample = [`${byteSize(available)} available, about ${byteSize(needed)} needed`];
    return { count: available < needed ? 1 : 0, sample };
  },
};

/** Before the first gateway there was: a machine whose clock was never set. */
const FIRST_YEAR = 2024;
const LAST_YEAR = 2100;

/** Times go into the history, into backups' names and into new rows, and tokens are valid by them. */
export const clock: MachineCheck = {
  id: 'machine.clock',
  title: 'The clock is set',
  level: 'warning',
  hint: 'New users, backups and the history get this time, backups are sorted by it, and TLS and tokens fail by it.',
  command: shell('sudo timedatectl set-ntp true'),
  async find({ now }) {
    const year = now.getUTCFullYear();
    const isWrong = !(year >= FIRST_YEAR && year < LAST_YEAR);
    return { count: isWrong ? 1 : 0, sample: [`it is ${now.toISOString().slice(0, 19)}Z`] };
  },
};

export const MACHINE_CHECKS: readonly MachineCheck[] = [
  platform,
  nodeVersion,
  nativeModules,
  sqliteVersions,
  processLimits,
  memory,
  clock,
  temporaryFiles,
];
