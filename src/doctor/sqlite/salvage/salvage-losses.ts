import { plural } from '../../../report/plural.ts';
import type { Salvaged, SalvagedTable } from './salvage-file.ts';
import { lostText } from './salvage-report.ts';

/** What was lost, or may be, a line each; none when surely everything is there. */
export function salvageLosses({ tables, lostAndFound, leftOut }: Salvaged): readonly string[] {
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
      : [`${plural(lostAndFound.rows, 'row')} without a sure place: in the table ${lostAndFound.table}`]),
    ...leftOut.map((line) => `not made again: ${line}`),
  ];
}

function lossOf({ name, recovered, lost }: SalvagedTable): string {
  return `${name}: ${lostText(lost)}, ${plural(recovered, 'row')} recovered`;
}
