import { rmSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { backUpUntouched } from '../../../backup/back-up-untouched.ts';
import { damagedFolder } from '../../../backup/damaged-folder.ts';
import { timeLabel } from '../../../backup/time-label.ts';
import type { Hands, Repair } from '../../../checks/check.ts';
import { sqliteBackupFolder, sqliteBytes } from '../../../database/sqlite/backup.ts';
import { fileError, keepModeAndOwner, setJournalMode } from '../../../database/sqlite/restore.ts';
import { GatewayError } from '../../../errors.ts';
import { giveName } from '../../../files/new-file.ts';
import { inMegabytes } from '../../../report/in-megabytes.ts';
import { plural } from '../../../report/plural.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import { realFile } from '../file/file-check.ts';
import {
  type EarlierSalvage,
  earlierSalvages,
  isOfThisFile,
  problemOfSalvaged,
  recordSalvage,
  type SalvageFacts,
} from './earlier-salvage.ts';
import { readHeader } from './header.ts';
import { lookAtLostAndFound, SET_ASIDE_COLUMNS } from './lost-and-found.ts';
import { putInPlace, refuseWhileOpen } from './put-in-place.ts';
import { recoverWithShell } from './recover-with-shell.ts';
import { salvageFile } from './salvage-file.ts';
import { salvageLosses, salvageReport } from './salvage-report.ts';
import { makeWorkingCopy } from './working-copy.ts';

/** Copies that there are for a moment: the backup, the one that is worked on, and the new file. */
const COPIES = 3;

/**
 * The repair of a damaged database file, whether it still opens or not: everything readable goes into a new file.
 *
 * @returns null for a file in which nothing of a database can be found
 */
export function salvageRepair(context: TargetContext<SqliteTarget>): Repair | null {
  const path = realFile(context.target);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true || !isSalvageable(path)) return null;
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
      for (const salvage of earlierSalvages(path)) {
        const name = salvage.salvaged;
        const problem = (await isOfThisFile(path, salvage, hands.signal))
          ? problemOfSalvaged(name)
          : 'the database is no longer the file it was made from';
        if (problem === null) {
          lines.push(`${name} was salvaged from this very file before, and is sound: it is the one to take`);
          return [...lines, ...(await offerSwap(hands, context, label, salvage))];
        }
        lines.push(`salvaged anew: ${name} is not taken (${problem})`);
      }
      const salvage = await salvageAnew(context, { path, folder, salvaged }, hands);
      return [...lines, ...(await offerSwap(hands, context, label, salvage))];
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
  context: TargetContext<SqliteTarget>,
  { path, folder, salvaged }: Places,
  hands: Pick<Hands, 'log' | 'signal'>,
): Promise<EarlierSalvage> {
  const draft = (name: string) => join(dirname(path), `.${basename(path)}.${process.pid}.${name}`);
  const drafts = [draft('work'), draft('part'), draft('shell')];
  const [work = '', part = '', shell = ''] = drafts;
  try {
    await refuseWithoutSpace(path);
    const copy = await backUpUntouched({ path, folder, signal: hands.signal });
    hands.log(`Copied the damaged file to ${copy.file}`);
    const { header, notes } = makeWorkingCopy(copy, work);
    const result = await salvageFile({
      work,
      draft: part,
      header,
      progress: hands,
      signal: hands.signal,
      alsoRead: (database, tables) =>
        recoverWithShell({ env: context.env, work, draft: shell, signal: hands.signal }, database, tables),
    });
    if (result.damage.length > 0) throw notSound(result.damage, copy.file);
    if (header.kept?.walMode === true || copy.wal !== null) setJournalMode(part, 'wal');
    keepModeAndOwner(path, part);
    giveName(part, salvaged);
    const facts = {
      salvaged: basename(salvaged),
      lines: [
        `the damaged file is kept, byte for byte: ${copy.file} (${plural(copy.bytes, 'byte')})`,
        ...notes,
        ...salvageReport(result),
      ],
      losses: salvageLosses(result),
      dangling: [...result.dangling.values()].reduce((sum, rows) => sum + rows, 0),
      lostAndFound: result.lostAndFound.rows === 0 ? '' : result.lostAndFound.table,
    };
    recordSalvage(copy, facts);
    return { facts, salvaged, copy };
  } catch (error) {
    throw fileError(error, path) ?? error;
  } finally {
    for (const file of drafts) {
      for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    }
  }
}

function isSalvageable(path: string): boolean {
  try {
    return readHeader(path) !== null || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
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

function notSound(damage: readonly string[], copy: string): GatewayError {
  return new GatewayError('CORRUPT', `What was salvaged is not sound: ${damage[0]}.`, {
    details: damage.slice(0, 5),
    hint: `The database was not changed; a copy of it is ${copy}. Please report this.`,
  });
}

/** Shows what came of it, and puts the new file in place when that is what is wanted. */
async function offerSwap(
  hands: Hands,
  context: TargetContext<SqliteTarget>,
  label: string,
  { facts, salvaged, copy }: EarlierSalvage,
): Promise<readonly string[]> {
  const path = realFile(context.target);
  const question = `Put ${basename(salvaged)} in the place of ${path}? The damaged file is kept.`;
  for (const loss of facts.losses) hands.warn(loss);
  if (!(await hands.maySwap(question, facts.lines))) {
    hands.goOn('mcpgw doctor --repair --swap');
    return [
      ...facts.lines,
      `the new file is ${salvaged}; the database is still the damaged one`,
      ...adviceOn(facts, salvaged),
      'look at it, then put it in place with: mcpgw doctor --repair --swap',
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
function adviceOn({ lostAndFound, dangling }: SalvageFacts, path: string): readonly string[] {
  const fix = 'fix --only foreign-keys.dangling';
  if (lostAndFound === '') {
    return dangling === 0
      ? []
      : [`rows that point at rows that are gone stay until you run mcpgw ${fix}, which deletes such links`];
  }
  return [
    `look at the rows without a sure place: ${lookAtLostAndFound(path, lostAndFound)}`,
    `in it ${SET_ASIDE_COLUMNS}`,
    `bring those you know back into their tables, then drop ${lostAndFound}; only then run mcpgw ${fix}, which deletes links that point at rows that are not back`,
  ];
}
