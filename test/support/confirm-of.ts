import { readFileSync } from 'node:fs';

/** What `--confirm` takes to restore a backup through this URL: through a proxy its database looks like another. */
export function confirmOf(manifest: string, name: string, url: string): string {
  const { source } = JSON.parse(readFileSync(manifest, 'utf8')) as { source: { url: string } };
  return new URL(source.url).host === new URL(url).host ? name : `${name} from ${source.url}`;
}
