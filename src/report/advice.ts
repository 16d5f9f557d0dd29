import type { CommandName } from './command-names.ts';
import { shellWord } from './shell-word.ts';

/** What a person reads: words, a command, or words with commands among them. */
export type Text = string | Command | Advice;

/** A command as data. It becomes text where a report is written, and is never read back out of one. */
export class Command {
  readonly kind: 'mcpgw' | 'shell' | 'sql';
  /** Arguments of this program; the line for a shell; statements of SQL, each with its semicolon. */
  readonly words: readonly string[];
  /** Whom it is to be run as, as `sudo -u` takes it; empty for whoever reads it. */
  readonly user: string;
  /** Something that no command does comes first: it is not what to run next. */
  readonly isLater: boolean;

  constructor({ kind, words, user = '', isLater = false }: CommandParts) {
    this.kind = kind;
    this.words = words;
    this.user = user;
    this.isLater = isLater;
  }

  /** Whether it is this command of this program, with whatever options. */
  is(name: CommandName): boolean {
    return this.kind === 'mcpgw' && this.words[0] === name;
  }

  with(changed: Partial<CommandParts>): Command {
    return new Command({ ...this, ...changed });
  }

  toString(): string {
    if (this.kind !== 'mcpgw') return this.words.join(' ');
    const sudo = this.user === '' ? [] : ['sudo', '-u', shellWord(this.user)];
    return [...sudo, 'mcpgw', ...this.words.map(shellWord)].join(' ');
  }
}

type CommandParts = Pick<Command, 'kind' | 'words'> & Partial<Pick<Command, 'user' | 'isLater'>>;

/** A command of this program, with its arguments as a shell hands them over: nothing is quoted yet. */
export function mcpgw(name: CommandName | '--help', ...args: readonly string[]): Command {
  return new Command({ kind: 'mcpgw', words: [name, ...args] });
}

/** A line for a shell, quoted already. */
export function shell(line: string): Command {
  return new Command({ kind: 'shell', words: [line] });
}

/** Statements for the client of the database; nothing where there are none. */
export function sqlCommand(...statements: readonly string[]): Command | undefined {
  return statements.length === 0 ? undefined : new Command({ kind: 'sql', words: statements });
}

/** The command to run once somebody has done by hand what the words before it say. */
export function afterwards(command: Command): Command {
  return command.with({ isLater: true });
}

/** Words with commands among them, as `advise` makes them. */
export class Advice {
  readonly parts: readonly (string | Command)[];

  constructor(parts: readonly (string | Command)[]) {
    this.parts = parts.filter((part) => part !== '');
  }

  toString(): string {
    return this.parts.join('');
  }
}

/** A template with commands in it: advise`To go on, run: ${mcpgw('migrate')}`. */
export function advise(words: readonly string[], ...values: readonly (Text | number)[]): Advice {
  return new Advice(
    words.flatMap((word, i) => {
      const value = values[i] ?? '';
      return [word, ...partsOf(typeof value === 'number' ? String(value) : value)];
    }),
  );
}

/** One text of several; empty ones are left out. */
export function joined(texts: readonly Text[], between: string): Text {
  const told = texts.filter((text) => text !== '');
  const [only = ''] = told;
  if (told.length <= 1) return only;
  return new Advice(told.flatMap((text, i) => [i === 0 ? '' : between, ...partsOf(text)]));
}

/** A text with its full stop, where it has no end of its own. */
export function ended(text: string): string;
export function ended(text: Text): Text;
export function ended(text: Text): Text {
  if (/[.:;?!]$/.test(`${text}`)) return text;
  return typeof text === 'string' ? `${text}.` : advise`${text}.`;
}

/** Texts behind one another; one that another follows has its full stop. */
export function sentences(...texts: readonly Text[]): Text {
  const told = texts.filter((text) => text !== '');
  return joined([...told.slice(0, -1).map(ended), ...told.slice(-1)], ' ');
}

export function partsOf(text: Text): readonly (string | Command)[] {
  return text instanceof Advice ? text.parts : [text];
}

/** The commands of a text, in order. */
export function commandsIn(text: Text): readonly Command[] {
  return partsOf(text).filter((part) => part instanceof Command);
}

/** What a text says to run next: its first command of this program that waits for nothing else. */
export function nextIn(text: Text): Command | undefined {
  return commandsIn(text).find(({ kind, isLater }) => kind === 'mcpgw' && !isLater);
}

/** Changes the words of a text, its commands, or both. */
export function mapParts(
  text: Text,
  words: (words: string) => string,
  command: (command: Command) => Command = (same) => same,
): Text {
  const changed = (part: string | Command) => (typeof part === 'string' ? words(part) : command(part));
  return text instanceof Advice ? new Advice(text.parts.map(changed)) : changed(text);
}

/** An option of every command and its value, as they may be shown. */
export type GlobalOption = readonly [
  name: '--database-url' | '--database-url-file' | '--env-file',
  value: string,
];

/**
 * A command of this program with the options that say which database is meant: one that is copied must not act on
 * another. Options that it names itself are its own.
 */
export function withGlobalOptions(command: Command, options: readonly GlobalOption[]): Command {
  const { kind, words } = command;
  if (kind !== 'mcpgw' || words.includes('--help')) return command;
  const namesDatabase = words.some((word) => word.startsWith('--database-url'));
  const missing = options.filter(([name]) =>
    name === '--env-file' ? !words.includes(name) : !namesDatabase,
  );
  return command.with({ words: [...words.slice(0, 1), ...missing.flat(), ...words.slice(1)] });
}

/** The lines of a text, without empty ones. */
export function linesOf(text: Text): Text[] {
  const lines: (string | Command)[][] = [[]];
  for (const part of partsOf(text)) {
    const [first = '', ...rest] = part instanceof Command ? [part] : part.split('\n');
    lines.at(-1)?.push(first);
    for (const line of rest) lines.push([line]);
  }
  return lines.map((parts) => joined(parts, '')).filter((line) => `${line}`.trim() !== '');
}
