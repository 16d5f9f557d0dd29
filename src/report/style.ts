/** How a report is shown; renderers depend on this and on nothing of the process. */
export interface Style {
  readonly color: boolean;
  /** Marks, dots and arrows beyond ASCII; false on dumb terminals and where the locale is not UTF-8. */
  readonly unicode: boolean;
  /** Columns to fill at most; words longer than that (paths, URLs) stay whole so that they can be copied. */
  readonly width: number;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

export interface StyleSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the stream the report goes to is a terminal; false for `--output`. */
  readonly isTTY: boolean;
  /** `stream.columns`; undefined when piped, 0 on some pseudo terminals. */
  readonly columns: number | undefined;
  /** commander's values: `--no-color` is `color: false`. */
  readonly flags: { readonly color?: boolean; readonly verbose?: boolean; readonly quiet?: boolean };
}

/** Prose wider than this is tiring to read, and logs are rarely wider. */
const WIDEST = 100;
const NARROWEST = 40;

/**
 * Decides how to show a report. Colour: `--no-color`, then NO_COLOR (non-empty, no-color.org), then FORCE_COLOR
 * (`0` and `false` switch off), then only on a terminal that is not `TERM=dumb`: a refusal beats a wish.
 * This file must not import chalk: `--version` reads it.
 */
export function detectStyle({ env, isTTY, columns, flags }: StyleSource): Style {
  return {
    color: flags.color !== false && wantsColor(env, isTTY),
    unicode: showsUnicode(env),
    width: Math.min(WIDEST, Math.max(NARROWEST, columns || WIDEST)),
    verbose: flags.verbose === true,
    quiet: flags.quiet === true,
  };
}

function wantsColor(env: StyleSource['env'], isTTY: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return !['0', 'false'].includes(env.FORCE_COLOR.toLowerCase());
  return isTTY && env.TERM !== 'dumb';
}

/** POSIX: the first of LC_ALL, LC_CTYPE and LANG that is not empty decides; none means the C locale, ASCII. */
function showsUnicode(env: StyleSource['env']): boolean {
  if (env.TERM === 'dumb') return false;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  // Windows sets no locale variables; its Terminal, unlike the old console, is always UTF-8.
  if (!locale) return Boolean(env.WT_SESSION);
  return /utf-?8/i.test(locale);
}
