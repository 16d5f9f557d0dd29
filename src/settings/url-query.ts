import { percentDecode } from './percent-decode.ts';
import { urlError } from './url-error.ts';

/**
 * The parameters behind the `?` of a DATABASE_URL. Each reader takes its parameter out; what nobody took is
 * unknown. Blank values count as absent, as they do for SQLAlchemy.
 */
export class UrlQuery {
  /** `name=value` pairs that are harmless to show, in the order they were read. */
  readonly shown: string[] = [];
  readonly #values = new Map<string, string[]>();

  /** @throws GatewayError URL when a value is not UTF-8 */
  constructor(text: string) {
    for (const pair of text.split('&')) {
      const equals = pair.indexOf('=');
      if (equals < 1 || equals === pair.length - 1) continue;
      const name = percentDecode(pair.slice(0, equals).replaceAll('+', ' '), 'name of a parameter');
      const value = percentDecode(pair.slice(equals + 1).replaceAll('+', ' '), 'value of a parameter');
      this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    }
  }

  /** Every value given to a parameter. */
  all(name: string): readonly string[] {
    const values = this.#values.get(name) ?? [];
    this.#values.delete(name);
    return values;
  }

  /** The value of a parameter. @throws GatewayError URL when it is given twice */
  text(name: string): string | null {
    const values = this.all(name);
    if (values.length > 1) {
      throw urlError(`parameter ${name} is given ${values.length} times`, `keep one ${name}=…`);
    }
    return values[0] ?? null;
  }

  /** A whole number within bounds. @throws GatewayError URL when it is not */
  whole(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
      throw urlError(`parameter ${name} is not a whole number ${range}`, `write ${name}=<number> or drop it`);
    }
    this.show(name, String(value));
    return value;
  }

  /** One of a list of words, in any case. @throws GatewayError URL when it is another */
  oneOf<const Word extends string>(name: string, words: readonly Word[]): Word | null {
    const text = this.text(name);
    if (text === null) return null;
    const word = words.find((candidate) => candidate === text.toLowerCase());
    if (word === undefined) {
      throw urlError(`parameter ${name} has a value that does not exist`, `use one of ${words.join(', ')}`);
    }
    this.show(name, word);
    return word;
  }

  /** A yes or a no, in the forms SQLAlchemy takes. @throws GatewayError URL when it is neither */
  flag(name: string): boolean | null {
    const yes = ['true', 'yes', 'on', 'y', 't', '1'] as const;
    const no = ['false', 'no', 'off', 'n', 'f', '0'] as const;
    const word = this.oneOf(name, [...yes, ...no]);
    return word === null ? null : yes.some((candidate) => candidate === word);
  }

  /** Takes out parameters that mean something to Python's driver alone. */
  ignore(...names: string[]): void {
    for (const name of names) this.#values.delete(name);
  }

  show(name: string, value: string): void {
    this.shown.push(`${name}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%2C', ',')}`);
  }

  /** One warning for each parameter nobody took: its name, never its value. */
  unknown(): readonly string[] {
    return [...this.#values.keys()].map((name) =>
      /^[A-Za-z_][\w.-]{0,63}$/.test(name)
        ? `DATABASE_URL: parameter ${name} is not known here and is ignored`
        : 'DATABASE_URL: a parameter with an unusual name is not known here and is ignored',
    );
  }
}
