/** A moment as a part of a file's name: `20260102t030405Z`. */
export function timeLabel(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', 't')}Z`;
}
