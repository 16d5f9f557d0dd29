import type { Report, SalvagedTable } from './salvage.ts';

/** What came of a salvage, a line each: every table that had rows, and those that nothing is known of. */
export function reportLines({
  tables,
  lostAndFound,
  leftOut,
  notes,
  beside,
  dangling,
}: Report): readonly string[] {
  const told = tables.filter(({ recovered, aside, lost, assumed }) => {
    const isEmpty = recovered === 0 && aside === 0 && lost !== 'unknown' && lost.rows === 0;
    return !isEmpty || assumed;
  });
  const empty = tables.length - told.length;
  const rows = tables.reduce((sum, { recovered }) => sum + recovered, 0);
  return [
    ...beside,
    `${counted(rows, 'row')} recovered in ${counted(told.length, 'table')}${empty === 0 ? '' : `; ${counted(empty, 'table')} had none`}`,
    ...told.map((table) => tableLine(table, lostAndFound.table)),
    ...(lostAndFound.rows === 0
      ? []
      : [
          `${counted(lostAndFound.rows, 'row')} without a sure place in the table ${lostAndFound.table}, each with its reason`,
        ]),
    ...leftOut.map((line) => `not made again: ${line}`),
    ...notes,
    'integrity_check of the new file: ok',
    ...[...dangling].map(
      ([table, count]) =>
        `${counted(count, 'row')} of ${table} point${count === 1 ? 's' : ''} at rows that are gone`,
    ),
  ];
}

function tableLine({ name, recovered, aside, inPart, lost, assumed }: SalvagedTable, found: string): string {
  const parts = [`${counted(recovered, 'row')} recovered`, lostText(lost)];
  if (inPart > 0) parts.push(`of ${inPart.toLocaleString('en')} the indexed columns are in ${found}`);
  if (aside > 0) parts.push(`${counted(aside, 'row')} set aside`);
  if (assumed) parts.push('its definition was lost and is the one of this release');
  return `${name}: ${parts.join(', ')}`;
}

/** How many rows of a table are gone, in words. */
function lostText(lost: SalvagedTable['lost']): string {
  if (lost === 'unknown') return 'how many are lost is not known';
  if (lost.rows === 0) return 'none lost';
  return `${lost.known === 'exactly' ? '' : `${lost.known} `}${counted(lost.rows, 'row')} lost`;
}

/** What was lost, or may be, a line each; none when surely everything is there. */
export function reportLosses({ tables, lostAndFound, leftOut }: Report): readonly string[] {
  const bad = tables.filter(({ lost }) => lost === 'unknown' || lost.rows > 0);
  // A damaged list of tables makes many of these, which say the same.
  const nothing = bad.filter(({ recovered, lost }) => recovered === 0 && lost === 'unknown');
  return [
    ...bad.filter((table) => !nothing.includes(table)).map(lossOf),
    ...(nothing.length === 0
      ? []
      : [
          `nothing was recovered of ${nothing.map(({ name }) => name).join(', ')}: how many rows they had is not known`,
        ]),
    ...(lostAndFound.rows === 0
      ? []
      : [`${counted(lostAndFound.rows, 'row')} without a sure place: in the table ${lostAndFound.table}`]),
    ...leftOut.map((line) => `not made again: ${line}`),
  ];
}

function lossOf({ name, recovered, lost }: SalvagedTable): string {
  return `${name}: ${lostText(lost)}, ${counted(recovered, 'row')} recovered`;
}

/** `1 row`, `12,000 rows` */
function counted(count: number, what: 'row' | 'table'): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
