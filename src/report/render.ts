import { eachText } from './each-text.ts';
import { renderJson } from './format/json.ts';
import { renderJunit } from './format/junit.ts';
import { renderMarkdown } from './format/markdown.ts';
import { renderText } from './format/text.ts';
import type { FormatName } from './format-name.ts';
import type { Draft, Report } from './report.ts';
import { withShortNames } from './shortened.ts';
import type { Style } from './style.ts';

/** Turns a report into the text to write, ended by a newline (or empty: quiet, and nothing to say). */
type Renderer = (report: Draft, style: Style) => string;

/** Every renderer by the value of `--format`. Loads chalk: import it lazily, when there is a report to show. */
export const RENDERERS = {
  text: (report, style) => renderText(withShortNames(report), style),
  json: (report) => renderJson(written(report)),
  junit: (report) => renderJunit(written(withShortNames(report))),
  markdown: (report, style) => renderMarkdown(written(withShortNames(report)), style),
} as const satisfies Record<FormatName, Renderer>;

function written(report: Draft): Report {
  return eachText(report, String);
}
