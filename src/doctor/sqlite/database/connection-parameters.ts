import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { InsideExamination } from './inside-examination.ts';

/** What the upgrade guide of the gateway recommends in the URL, with a cache in KiB instead of pages. */
const RECOMMENDED = { timeout: '30', synchronous: 'NORMAL', cache_size: '-32000' } as const;

const parameterOf = ({ pragmas }: SqliteTarget, name: string) =>
  pragmas.find((pragma) => pragma.name === name)?.value;

/** The same URL with one parameter as it should be. */
function urlWith({ maskedUrl }: SqliteTarget, name: keyof typeof RECOMMENDED): string {
  const [file = '', query = ''] = maskedUrl.split('?');
  const replaced = name === 'timeout' ? ['timeout', 'busy_timeout'] : [name];
  const others = query
    .split('&')
    .filter((part) => part !== '' && !replaced.includes(part.split('=')[0] ?? ''));
  return `DATABASE_URL='${file}?${[...others, `${name}=${RECOMMENDED[name]}`].join('&')}'`;
}

/** These last as long as a connection: what counts is what DATABASE_URL asks of each. */
export const databaseSynchronous: InsideExamination = {
  id: 'database.synchronous',
  title: 'Commits reach the disk',
  level: 'warning',
  meaning:
    'With synchronous=OFF a power cut or a crash of the machine can damage the whole file, not only lose the last commits.',
  command: '',
  async find({ target }) {
    const value = parameterOf(target, 'synchronous') ?? 'full';
    const isOff = value === 'off' || value === '0';
    return {
      count: isOff ? 1 : 0,
      sample: [`synchronous is ${value}`],
      command: urlWith(target, 'synchronous'),
    };
  },
};

const SHORT_MS = 1_000;

export const databaseBusyTimeout: InsideExamination = {
  id: 'database.busy-timeout',
  title: 'Connections wait for each other',
  level: 'warning',
  meaning:
    'A connection that does not wait fails with "database is locked" as soon as another one writes; half a minute is what the upgrade guide recommends.',
  command: '',
  async find({ target }) {
    const { busyTimeoutMs } = target;
    return {
      count: busyTimeoutMs < SHORT_MS ? 1 : 0,
      sample: [`they wait ${busyTimeoutMs / 1000} s`],
      command: urlWith(target, 'timeout'),
    };
  },
};

/** SQLite's own default is 2 MB. */
const SMALL_CACHE_KIB = 2_000;

export const databaseCacheSize: InsideExamination = {
  id: 'database.cache-size',
  title: 'The page cache is large enough',
  level: 'info',
  meaning:
    'With a cache below SQLite’s own default of 2 MB the gateway reads the same pages again and again.',
  command: '',
  async find({ target }) {
    const value = Number(parameterOf(target, 'cache_size') ?? -SMALL_CACHE_KIB);
    // A negative number is of KiB, a positive one of pages of 4 KiB as a rule.
    const kib = value < 0 ? -value : value * 4;
    return {
      count: kib < SMALL_CACHE_KIB ? 1 : 0,
      sample: [`the cache of a connection has ${kib} KiB`],
      command: urlWith(target, 'cache_size'),
    };
  },
};
