import { basename, join } from 'node:path';
import { type Claim, claimFile, isAbandoned, readClaim } from './claim.ts';

/** What the files of a backup are called behind its stem, finished and not. */
const FILE = /^\.(db|dump|sql\.gz|env|json)(\.part(-journal|-wal|-shm)?)?$/;
const DRAFT = /\.(db|dump|sql\.gz|env|json)\.part$/;

/** A backup that is being made, or that was cut short. */
export interface UnfinishedBackup extends Claim {
  /** Absolute; the file that says who makes it. */
  readonly claim: string;
  /** Absolute; its other files, and none that a finished backup is made of. */
  readonly files: readonly string[];
  readonly isAbandoned: boolean;
}

/**
 * The unfinished backups in a folder that say who makes them.
 *
 * @param names of the files in the folder
 */
export function unfinishedBackups(
  place: string,
  names: readonly string[],
  now: Date,
): readonly UnfinishedBackup[] {
  return names.flatMap((name) => {
    const stem = basename(name, '.part');
    if (stem === name || !name.startsWith('mcpgw-') || DRAFT.test(name)) return [];
    const claim = claimFile(place, stem);
    const read = readClaim(claim);
    if (read === null) return [];
    const isFinished = names.includes(`${stem}.json`);
    const files = names
      .filter((each) => each.startsWith(stem) && FILE.test(each.slice(stem.length)))
      .filter((each) => !isFinished || DRAFT.test(each))
      .map((each) => join(place, each));
    return [{ ...read, claim, files, isAbandoned: isAbandoned(read, [claim, ...files], now) }];
  });
}
