/** What a dump makes in the name of an account, which not everybody may. */
export interface Defined {
  /** `TRIGGER`, `VIEW`, `FUNCTION`, `PROCEDURE`, `EVENT`, … */
  readonly kind: string;
  /** As SQL has it: `` `root`@`localhost` ``. */
  readonly definer: string;
}

/** The start of a line that makes something; a view says on this one only how its rights are checked. */
const DEFINED =
  /^(?:CREATE |\/\*!\d+ (?:CREATE\*\/ \/\*!\d+ )?)DEFINER=(`(?:[^`]|``)+`(?:@`(?:[^`]|``)*`)?)(?:\*\/ \/\*!\d+)? (\w+)/;
/** Names of accounts are shorter. */
const LINE_START = 1_000;
const NEWLINE = 0x0a;

/** Finds what has a definer in what mysqldump or mariadb-dump writes. No row begins such a line. */
export class DumpDefiners {
  readonly defined: Defined[] = [];
  #line = '';

  /** @param chunk the next piece, cut anywhere */
  add(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline < 0 ? chunk.length : newline;
      if (this.#line.length < LINE_START)
        this.#line += chunk.toString('latin1', from, Math.min(to, from + LINE_START));
      if (newline >= 0) {
        this.#end(Buffer.from(this.#line, 'latin1').toString());
        this.#line = '';
      }
      from = to + 1;
    }
  }

  #end(line: string): void {
    const [, definer, word = ''] = DEFINED.exec(line) ?? [];
    const kind = word.toUpperCase();
    if (definer !== undefined) this.defined.push({ kind: kind === 'SQL' ? 'VIEW' : kind, definer });
  }
}
