import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { InsideCheck } from './inside-check.ts';

/**
 * A parameter of DATABASE_URL: it lasts as long as a connection, so what counts is what the URL asks of each.
 * Recommended is what the upgrade guide of the gateway has, with a cache in KiB instead of pages.
 */
interface Parameter extends Pick<InsideCheck, 'id' | 'title' | 'level' | 'hint'> {
  /** The first name is the one to write. */
  readonly names: readonly string[];
  readonly recommended: string;
  judge(target: SqliteTarget): { readonly isWrong: boolean; readonly fact: string };
}

function parameterCheck({ names, recommended, judge, ...described }: Parameter): InsideCheck {
  return {
    ...described,
    async find({ target }) {
      const { isWrong, fact } = judge(target);
      // The same URL with this parameter as it should be.
      const [file = '', query = ''] = target.maskedUrl.split('?');
      const others = query
        .split('&')
        .filter((part) => part !== '' && !names.includes(part.split('=')[0] ?? ''));
      const command = `DATABASE_URL='${file}?${[...others, `${names[0]}=${recommended}`].join('&')}'`;
      return { count: isWrong ? 1 : 0, sample: [fact], command };
    },
  };
}

const pragmaOf = ({ pragmas }: SqliteTarget, name: string) =>
  pragmas.find((pragma) => pragma.name === name)?.value;

export const databaseSynchronous = parameterCheck({
  id: 'database.synchronous',
  title: 'Commits reach the disk',
  level: 'warning',
  hint: 'With synchronous=OFF a power cut or a crash of the machine can damage the whole file, not only lose the last commits.',
  names: ['synchronous'],
  recommended: 'NORMAL',
  judge(target) {
    const value = pragmaOf(target, 'synchronous') ?? 'full';
    return { isWrong: value === 'off' || value === '0', fact: `synchronous is ${value}` };
  },
});

const SHORT_MS = 1_000;

export const databaseBusyTimeout = parameterCheck({
  id: 'database.busy-timeout',
  title: 'Connections wait for each other',
  level: 'warning',
  hint: 'A connection that does not wait fails with "database is locked" as soon as another one writes; half a minute is what the upgrade guide recommends.',
  names: ['timeout', 'busy_timeout'],
  recommended: '30',
  judge: ({ busyTimeoutMs }) => ({
    isWrong: busyTimeoutMs < SHORT_MS,
    fact: `they wait ${busyTimeoutMs / 1000} s`,
  }),
});

/** SQLite's own default is 2 MB. */
const SMALL_CACHE_KIB = 2_000;

export const databaseCacheSize = parameterCheck({
  id: 'database.cache-size',
  title: 'The page cache is large enough',
  level: 'info',
  hint: 'With a cache below SQLite’s own default of 2 MB the gateway reads the same pages again and again.',
  names: ['cache_size'],
  recommended: '-32000',
  judge(target) {
    const value = Number(pragmaOf(target, 'cache_size') ?? -SMALL_CACHE_KIB);
    // A negative number is of KiB, a positive one of pages of 4 KiB as a rule.
    const kib = value < 0 ? -value : value * 4;
    return { isWrong: kib < SMALL_CACHE_KIB, fact: `the cache of a connection has ${kib} KiB` };
  },
});
