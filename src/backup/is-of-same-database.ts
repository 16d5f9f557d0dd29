import type { Manifest } from './manifest.ts';

type Source = Pick<Manifest['source'], 'url'> & { readonly dialect: string };

/** Whether two backups are of one database, as far as its kind and its URL tell. */
export function isOfSameDatabase(a: Source, b: Source): boolean {
  return a.dialect === b.dialect && a.url === b.url;
}
