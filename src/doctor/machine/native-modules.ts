import { errorText } from '../../errors.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Each is compiled for one version of Node.js, one processor and one C library. */
const MODULES = [
  {
    name: 'better-sqlite3',
    purpose: 'opens SQLite databases',
    // Its native half is loaded with the first database.
    load: async () => new (await import('better-sqlite3')).default(':memory:').close(),
    mend: 'npm rebuild better-sqlite3',
  },
  {
    name: 'bcrypt',
    purpose: 'verifies bcrypt hashes',
    load: () => import('bcrypt'),
    mend: 'npm rebuild bcrypt',
  },
  {
    name: '@node-rs/argon2',
    purpose: 'hashes the administrator’s password',
    load: () => import('@node-rs/argon2'),
    // It comes as one optional package for each platform: there is nothing to build.
    mend: 'npm install --include=optional @node-rs/argon2',
  },
] as const;

/** Modules that were installed for another Node.js, or whose build failed, show only when they are loaded. */
export const nativeModules: Examination<DoctorContext> = {
  id: 'machine.native-modules',
  title: 'The native modules load',
  level: 'error',
  meaning:
    'These modules were built for another Node.js or another machine, or their build failed. Rebuild them in the folder where mcpgw is installed.',
  command: '',
  async find() {
    const failed: { readonly line: string; readonly mend: string }[] = [];
    for (const { name, purpose, load, mend } of MODULES) {
      try {
        await load();
      } catch (error) {
        const [why = ''] = errorText(error).split('\n');
        failed.push({ line: `${name}, which ${purpose}: ${why}`, mend });
      }
    }
    if (failed.length === 0) return { count: 0, sample: MODULES.map(({ name }) => name) };
    return {
      count: failed.length,
      sample: failed.map(({ line }) => line),
      command: failed.map(({ mend }) => mend).join(' && '),
    };
  },
};
