import { delimiter } from 'node:path';
import { EVERY_VERSION } from './database-kinds.ts';

/** The PATH with the client programs of all test servers, first those of the one that the URL leads to. */
export function clientPath(url: string): string {
  const folders = EVERY_VERSION.map(({ id }) => {
    const name = id.toUpperCase();
    const server = process.env[`TEST_${name}_URL`] ?? '';
    const isThis = server !== '' && URL.canParse(url) && new URL(server).host === new URL(url).host;
    return { folder: process.env[`TEST_${name}_CLIENTS`] ?? '', isThis };
  })
    .filter(({ folder }) => folder !== '')
    // The newest programs of a product can do what the older ones can.
    .toReversed()
    .toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
  return [...folders.map(({ folder }) => folder), process.env.PATH ?? ''].join(delimiter);
}
