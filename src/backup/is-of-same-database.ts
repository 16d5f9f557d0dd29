import type { Manifest } from './manifest.ts';

type Source = Pick<Manifest['source'], 'url'> & { readonly dialect: string };

/** Whether two backups are of one database, as far as its kind and its URL tell. */
export function isOfSameDatabase(a: Source, b: Source): boolean {
  return a.dialect === b.dialect && a.url === b.url;
}

/** Whether two backups are of databases at one place, whoever logs in and with whatever parameters. */
export function isOfSamePlace(a: Source, b: Source): boolean {
  if (!URL.canParse(a.url) || !URL.canParse(b.url)) return isOfSameDatabase(a, b);
  const [one, other] = [new URL(a.url), new URL(b.url)];
  return a.dialect === b.dialect && one.host === other.host && one.pathname === other.pathname;
}
