import { GatewayError } from '../errors.ts';

/** The error of a backup whose manifest has other tables than its file. */
export function otherTables(
  file: string,
  onlyInManifest: readonly string[],
  onlyInFile: readonly string[],
): GatewayError {
  return new GatewayError(
    'CORRUPT',
    `The manifest of the backup ${file} names other tables than are in it.`,
    {
      details: [
        ...onlyInManifest.map((name) => `only the manifest has ${name}`),
        ...onlyInFile.map((name) => `only the backup has ${name}`),
      ],
      hint: 'It was changed since; use another backup: mcpgw backup --list. Nothing was changed.',
    },
  );
}
