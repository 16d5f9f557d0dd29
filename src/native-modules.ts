import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { errorText, GatewayError } from './errors.ts';
import { advise, shell } from './report/advice.ts';
import { shellWord } from './report/shell-word.ts';

// The build puts the path of the program in the place of `import.meta.url`.
const require = createRequire(import.meta.url);

/** The first Node-API that better-sqlite3 13 runs on, of Node.js 22.14; on an older one it crashes. */
const NODE_API = 10;
const MOST_CHARACTERS = 240;

type Remedy = 'rebuild' | 'install';

interface NativeModule<Module> {
  /** Of its folder in `node_modules`. */
  readonly name: string;
  readonly purpose: string;
  /** What puts its native half right when the package is there: some are built, others come ready made. */
  readonly remedy: Remedy;
  /** What is needed besides. */
  readonly needs: string;
  /** Loads both halves, or throws. */
  readonly load: () => Module;
}

const define = <Module>(module: NativeModule<Module>): NativeModule<Module> => module;

/**
 * 12 crashes on Node.js 24, in the destructor of its statements, and 13 before 22.14; both have the same
 * functions.
 */
function sqlite(): NativeModule<typeof import('better-sqlite3')> {
  const isNew = Number(process.versions.napi) >= NODE_API;
  return {
    name: isNew ? 'better-sqlite3' : 'better-sqlite3-12',
    purpose: 'opens SQLite databases',
    remedy: isNew ? 'install' : 'rebuild',
    needs: isNew
      ? ''
      : ' On this Node.js it is compiled, with python3, make and a C++ compiler; Node.js 22.14 and later need none.',
    load() {
      const driver: typeof import('better-sqlite3') = isNew
        ? require('better-sqlite3')
        : require('better-sqlite3-12');
      // Its native half is loaded with the first database.
      new driver(':memory:').close();
      return driver;
    },
  };
}

/** Each is compiled for some versions of Node.js, one processor and one C library. */
export const NATIVE_MODULES = {
  sqlite: sqlite(),
  bcrypt: define<typeof import('bcrypt')>({
    name: 'bcrypt',
    purpose: 'verifies bcrypt hashes',
    remedy: 'rebuild',
    needs: '',
    load: () => require('bcrypt'),
  }),
  argon2: define<typeof import('@node-rs/argon2')>({
    name: '@node-rs/argon2',
    purpose: 'hashes the administrator’s password',
    // Its native half is an optional package for each platform: there is nothing to build.
    remedy: 'install',
    needs: '',
    load: () => require('@node-rs/argon2'),
  }),
} as const;
type Modules = typeof NATIVE_MODULES;
export type NativeName = keyof Modules;

const loaded = new Map<NativeName, unknown>();

/**
 * A module with a native half, loaded when it is first asked for.
 *
 * @throws GatewayError NATIVE_MODULE with the command that helps
 */
export function nativeModule<Name extends NativeName>(which: Name): ReturnType<Modules[Name]['load']> {
  const module = NATIVE_MODULES[which];
  try {
    if (!loaded.has(which)) loaded.set(which, module.load());
    return loaded.get(which) as ReturnType<Modules[Name]['load']>;
  } catch (error) {
    throw new GatewayError(
      'NATIVE_MODULE',
      `${module.name}, which ${module.purpose}, does not load on Node.js ${process.versions.node}.`,
      {
        details: [whyNot(error)],
        hint: advise`It was installed for another Node.js or another machine, or not at all.${module.needs}\nRun: ${shell(remedyCommand(module))}`,
        cause: error,
      },
    );
  }
}

/** What Node.js says, on one line; some list every place they looked at. */
export function whyNot(error: unknown): string {
  const text = errorText(error).replace(/\s+/g, ' ');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)} …` : text;
}

/** The very command that makes a module load that does not. */
export function remedyCommand({ name, remedy }: Pick<NativeModule<unknown>, 'name' | 'remedy'>): string {
  const folders = (require.resolve.paths(name) ?? []).filter((folder) => existsSync(folder));
  const modules = folders.find((folder) => existsSync(join(folder, name)));
  const root = dirname(modules ?? folders[0] ?? process.cwd());
  const options = `--prefix ${shellWord(root)} --ignore-scripts=false`;
  if (modules !== undefined && remedy === 'rebuild') return `npm rebuild ${options} ${name}`;
  // A package that is there counts as whole, and is not looked at again.
  const remove = modules === undefined ? '' : `rm -r ${shellWord(join(modules, name))} && `;
  // Where it is a dependency, what it is built with is not wanted.
  const lean = root.includes('/node_modules/') ? ' --omit=dev' : '';
  return `${remove}npm install ${options} --include=optional${lean}`;
}
