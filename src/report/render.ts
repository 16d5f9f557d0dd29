import { renderJson } from './format/json.ts';
import { renderJunit } from './format/junit.ts';
import { renderMarkdown } from './format/markdown.ts';
import { renderText } from './format/text.ts';
import type { FormatName } from './format-name.ts';
import type { Report } from './report.ts';
import { withShortNames } from './shortened.ts';
import type { Style } from './style.ts';

/** Turns a report into the text to write, ended by a newline (or empty: quiet, and nothing to say). */
type Renderer = (report: Report, style: Style) => string;

/** Every renderer by the value of `--format`. Loads chalk: import it lazily, when there is a report to show. */
export const RENDERERS = {
  text: (report, style) => renderText(withShortNames(report), style),
  json: renderJson,
  junit: (report) => renderJunit(withShortNames(report)),
  markdown: (report, style) => renderMarkdown(withShortNames(report), style),
} as const satisfies Record<FormatName, Renderer>;
