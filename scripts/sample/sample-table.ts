/** A value before any dialect has seen it; JSON is text already. */
export type SampleValue = string | number | boolean | Date | null;

export interface SampleTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Made as they are read: a table of 500 000 rows is never in memory. */
  readonly rows: Iterable<readonly SampleValue[]>;
}

/** A table from rows given as records: all of them have the keys of the first. */
export function sampleTable(
  name: string,
  rows: Iterable<Readonly<Record<string, SampleValue>>>,
): SampleTable | null {
  const iterator = rows[Symbol.iterator]();
  const first = iterator.next();
  if (first.done === true) return null;
  const columns = Object.keys(first.value);
  const valuesOf = (row: Readonly<Record<string, SampleValue>>) =>
    columns.map((column) => row[column] ?? null);
  return {
    name,
    columns,
    rows: {
      *[Symbol.iterator]() {
        yield valuesOf(first.value);
        for (let next = iterator.next(); next.done !== true; next = iterator.next())
          yield valuesOf(next.value);
      },
    },
  };
}

/** `count` rows, one for each index from 0. */
export function* times<T>(count: number, row: (index: number) => T): Generator<T> {
  for (let index = 0; index < count; index++) yield row(index);
}
