import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** The folder of the package a file is from: `node_modules/pg/lib/client.js` → `node_modules/pg`. */
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

/** Names, versions and licences of the packages whose code is in the bundle, as their licences ask for. */
export function thirdPartyLicenses(root: string, metafile: Metafile): string {
  const folders = new Set(
    Object.keys(metafile.inputs).flatMap((path) => PACKAGE_FOLDER.exec(path)?.[0] ?? []),
  );
  const parts = [...folders].toSorted().map((folder) => licenseOf(join(root, folder)));
  return `mcpgw contains code of these packages.\n\n${parts.join('\n')}`;
}

function licenseOf(folder: string): string {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `${'-'.repeat(72)}\n${about.name} ${about.version} (${about.license ?? 'see its licence'})\n${text}`;
}
