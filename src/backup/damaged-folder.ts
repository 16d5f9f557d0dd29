import { join } from 'node:path';
import { timeLabel } from './time-label.ts';

/** Where the untouched copy of a damaged file goes. @param place the folder of backups */
export function damagedFolder(place: string, now: Date): string {
  return join(place, `damaged-${timeLabel(now)}`);
}
