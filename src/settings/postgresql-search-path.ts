import { urlError } from './url-error.ts';

/**
 * The schemas that `-c search_path=…` in libpq's `options` asks for: unquoted names in lower case, quoted ones as
 * they are. Null when the options set none; the last one wins, as on the server.
 *
 * The server splits options at white space, and a backslash keeps the next character
 * (postgres: `pg_split_opts`); names are read as `SplitIdentifierString` does.
 *
 * @throws GatewayError URL when the list cannot be read
 */
export function searchPathOf(options: string): readonly string[] | null {
  let found: string | null = null;
  const words = (options.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((word) => word.replaceAll(/\\(.)/gs, '$1'));
  for (const [index, word] of words.entries()) {
    const setting = words[index - 1] === '-c' ? word : /^(?:--|-c)(.+)$/s.exec(word)?.[1];
    const match = /^search[_-]path=(.*)$/is.exec(setting ?? '');
    if (match?.[1] !== undefined) found = match[1];
  }
  return found === null ? null : schemaNames(found);
}

function schemaNames(list: string): readonly string[] {
  const names: string[] = [];
  const name = /\s*(?:"((?:""|[^"])+)"|([^\s,"]+))\s*(,|$)/gsy;
  for (;;) {
    const match = name.exec(list);
    if (match === null) {
      throw urlError(
        'search_path in options is not a list of schema names',
        'write search_path=my_schema,public',
      );
    }
    names.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
    if (match[3] === '') return names;
  }
}
