import { existsSync, linkSync, renameSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { backUpUntouched, type UntouchedCopy } from '../../backup/back-up-untouched.ts';
import { damagedFolder } from '../../backup/damaged-folder.ts';
import { timeLabel } from '../../backup/time-label.ts';
import type { Hands, Repair } from '../../checks/check.ts';
import { refuseWhenStopped } from '../../database/refuse-when-stopped.ts';
import { sqliteBackupFolder, sqliteBytes } from '../../database/sqlite/backup.ts';
import { openFile } from '../../database/sqlite/driver.ts';
import { fileError, keepModeAndOwner, removeDraft, setJournalMode } from '../../database/sqlite/restore.ts';
import { GatewayError } from '../../errors.ts';
import { giveName } from '../../files/new-file.ts';
import { advise, mcpgw, type Text } from '../../report/advice.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { plural } from '../../report/plural.ts';
import { isSalvageable, reportLines, reportLosses, salvage } from '../../salvage/index.ts';
import { LOST_AND_FOUND } from '../../schema/set-aside.ts';
import { lookAtLostAndFound, SET_ASIDE_COLUMNS } from '../data/lost-and-found.ts';
import {
  type EarlierSalvage,
  earlierSalvages,
  isCopyOf,
  problemOfSalvaged,
  recordSalvage,
  type SalvageFacts,
} from './earlier-salvage.ts';
import { type FileContext, realFile } from './file-check.ts';
import { holdersOf } from './holders.ts';
import { lostDefinitions } from './lost-definitions.ts';

/** Copies that there are for a moment: the backup, the one that is worked on, and the new file. */
const COPIES = 3;

/**
 * The repair of a damaged database file, whether it still opens or not: everything readable goes into a new file.
 *
 * @returns null for a file in which nothing of a database can be found
 */
export function salvageRepair(context: FileContext): Repair | null {
  const path = realFile(context.target);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true || !mayBeSalvaged(path)) return null;
  const label = timeLabel(context.now);
  const folder = damagedFolder(sqliteBackupFolder(path), context.now);
  const [earlier] = earlierSalvages(path);
  const extension = extname(path);
  const salvaged = join(dirname(path), `${basename(path, extension)}.salvaged-${label}${extension}`);
  return {
    summary: [
      `Salvage every readable row of ${path} into a new file`,
      `Keep the damaged file as it is, and a copy of it and its -wal and -journal in ${folder}`,
      earlier === undefined
        ? `Write ${salvaged}; it takes the place of the database only when you say so (--swap)`
        : `Or, when the file is still the one it was salvaged from: take ${earlier.salvaged} (with --swap)`,
    ],
    async run(hands) {
      await refuseWhileOpen(context);
      const lines: string[] = [];
      for (const before of earlierSalvages(path)) {
        const name = before.salvaged;
        const problem = (await isCopyOf(path, before.copy, hands.signal))
          ? problemOfSalvaged(name)
          : 'the database is no longer the file it was made from';
        if (problem === null) {
          lines.push(`${name} was salvaged from this very file before, and is sound: it is the one to take`);
          return [...lines, ...(await offerSwap(hands, context, label, before))];
        }
        lines.push(`salvaged anew: ${name} is not taken (${problem})`);
      }
      const made = await salvageAnew({ path, folder, salvaged }, hands);
      return [...lines, ...(await offerSwap(hands, context, label, made))];
    },
  };
}

interface Places {
  readonly path: string;
  /** For the untouched copy. */
  readonly folder: string;
  /** The new file. */
  readonly salvaged: string;
}

async function salvageAnew(
  { path, folder, salvaged }: Places,
  { log, signal }: Pick<Hands, 'log' | 'signal'>,
): Promise<EarlierSalvage> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await refuseWithoutSpace(path);
    const copy = await backUpUntouched({ path, folder, signal });
    log(`Copied the damaged file to ${copy.file}`);
    const report = await salvage(copy, draft, {
      open: openFile,
      definitions: lostDefinitions,
      lostAndFound: LOST_AND_FOUND,
      log,
      signal,
    });
    if (report === null) {
      throw new GatewayError('NOT_A_DATABASE', `There is no page of a SQLite database in ${copy.file}.`, {
        hint: 'Nothing can be salvaged from it: restore a backup (mcpgw backup --list). The file was not changed.',
      });
    }
    const { damage, dangling, lostAndFound } = report;
    if (damage.length > 0) {
      throw new GatewayError('CORRUPT', `What was salvaged is not sound: ${damage[0]}.`, {
        details: damage.slice(0, 5),
        hint: `The database was not changed; a copy of it is ${copy.file}. Please report this.`,
      });
    }
    if (report.wasWal) setJournalMode(draft, 'wal');
    keepModeAndOwner(path, draft);
    giveName(draft, salvaged);
    const facts = {
      salvaged: basename(salvaged),
      lines: [
        `the damaged file is kept, byte for byte: ${copy.file} (${plural(copy.bytes, 'byte')})`,
        ...reportLines(report),
      ],
      losses: reportLosses(report),
      dangling: [...dangling.values()].reduce((sum, rows) => sum + rows, 0),
      lostAndFound: lostAndFound.rows === 0 ? '' : lostAndFound.table,
    };
    recordSalvage(copy, facts);
    return { facts, salvaged, copy };
  } catch (error) {
    refuseWhenStopped(signal);
    throw fileError(error, path) ?? error;
  } finally {
    removeDraft(draft);
  }
}

function mayBeSalvaged(path: string): boolean {
  try {
    return isSalvageable(path);
  } catch {
    // Not ours to read: then the one who may has to ask.
    return false;
  }
}

async function refuseWithoutSpace(path: string): Promise<void> {
  const bytes = sqliteBytes(path);
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= COPIES * bytes) return;
  throw new GatewayError(
    'DISK_FULL',
    `A salvage needs ${inMegabytes(COPIES * bytes)} in ${dirname(path)}, and ${inMegabytes(bavail * bsize)} are free.`,
    { hint: 'Make room, or copy the database to a larger disk and salvage it there. Nothing was changed.' },
  );
}

/** Shows what came of it, and puts the new file in place when that is what is wanted. */
async function offerSwap(
  hands: Hands,
  context: FileContext,
  label: string,
  { facts, salvaged, copy }: EarlierSalvage,
): Promise<readonly Text[]> {
  const path = realFile(context.target);
  const question = `Put ${basename(salvaged)} in the place of ${path}? The damaged file is kept.`;
  for (const loss of facts.losses) hands.warn(loss);
  if (!(await hands.maySwap(question, facts.lines))) {
    hands.goOn(mcpgw('doctor', '--repair', '--swap'));
    return [
      ...facts.lines,
      `the new file is ${salvaged}; the database is still the damaged one`,
      ...adviceOn(facts, salvaged),
      advise`look at it, then put it in place with: ${mcpgw('doctor', '--repair', '--swap')}`,
    ];
  }
  const damaged = `${path}.damaged-${label}`;
  await putInPlace(context, salvaged, damaged, copy, hands.signal);
  if (facts.lostAndFound !== '') hands.goOn(lookAtLostAndFound(path, facts.lostAndFound));
  return [
    ...facts.lines,
    `the new file is in place; the damaged one is ${damaged}`,
    ...adviceOn(facts, path),
  ];
}

/** What must not be done in the wrong order. */
function adviceOn({ lostAndFound, dangling }: SalvageFacts, path: string): readonly Text[] {
  const fix = 'fix --only foreign-keys.dangling';
  if (lostAndFound === '') {
    return dangling === 0
      ? []
      : [`rows that point at rows that are gone stay until you run mcpgw ${fix}, which deletes such links`];
  }
  return [
    advise`look at the rows without a sure place: ${lookAtLostAndFound(path, lostAndFound)}`,
    `in it ${SET_ASIDE_COLUMNS}`,
    `bring those you know back into their tables, then drop ${lostAndFound}; only then run mcpgw ${fix}, which deletes links that point at rows that are not back`,
  ];
}

/**
 * Puts a new file in the place of a damaged database by a rename. The damaged one keeps everything: it lies under
 * another name with its -wal and -journal, under theirs.
 *
 * @param copy what the new file was made from: a database that changed since is left alone
 * @throws GatewayError BUSY, with everything as it was
 */
async function putInPlace(
  context: FileContext,
  draft: string,
  damaged: string,
  copy: UntouchedCopy,
  signal: AbortSignal,
): Promise<void> {
  const path = realFile(context.target);
  if (!(await isCopyOf(path, copy, signal))) throw busy(`${path} has changed since it was salvaged.`);
  await refuseWhileOpen(context);
  try {
    // A second name, so that there is a database under the first at every moment.
    linkSync(path, damaged);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // A file system without second names.
    renameSync(path, damaged);
  }
  // A new database must not find a -wal that is not its own.
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if (existsSync(path + suffix)) giveName(path + suffix, damaged + suffix);
  }
  giveName(draft, path, { replace: true });
}

/** @throws GatewayError BUSY when another process has the database open, as far as that can be seen */
async function refuseWhileOpen(context: FileContext): Promise<void> {
  // Asked anew each time: a copy of the context has no answer from before.
  const { open } = await holdersOf({ ...context });
  if (open.length === 0) return;
  throw busy(`${realFile(context.target)} is in use: ${open.map(({ text }) => text).join(', ')}.`);
}

const busy = (message: string) =>
  new GatewayError('BUSY', message, {
    hint: 'Stop the gateway and everything else that has the database open, then run the command again. Nothing was changed.',
  });
