import { CLEAN } from '../../checks/check.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { judged } from './judged.ts';

const NAMED = 3;

/** How large things are; the server tells nobody how much room it has. */
export const space = judged({
  id: 'database.space',
  title: 'Size of the database',
  level: 'info',
  meaning: '',
  command: '',
  judge({ tables, schema }) {
    const sum = (of: (table: (typeof tables)[number]) => number) => tables.reduce((all, t) => all + of(t), 0);
    const size = (table: (typeof tables)[number]) => table.dataBytes + table.indexBytes;
    const largest = tables.toSorted((a, b) => size(b) - size(a)).slice(0, NAMED);
    // A table that is rebuilt is there twice for a while.
    const [copied] = largest.filter(({ name }) => schema.has(name));
    return {
      ...CLEAN,
      sample: [
        `data ${inMegabytes(sum((t) => t.dataBytes))}, indexes ${inMegabytes(sum((t) => t.indexBytes))}`,
        ...largest.map((table) => `${table.name}: ${inMegabytes(size(table))}`),
        ...(copied === undefined
          ? []
          : [`free on the server for a copy of one table: ${inMegabytes(size(copied))} or more`]),
      ],
    };
  },
});
