import { displayWidth } from '../../display-width.ts';
import { wrap } from '../../wrap.ts';

interface Hanging {
  /** Plain text before the first line, e.g. `  - `; the other lines are indented by its width. */
  readonly lead: string;
  readonly text: string;
  readonly width: number;
  readonly paintLead?: (lead: string) => string;
  readonly paint?: (line: string) => string;
}

/** Wraps printable text under a lead; colour is applied after measuring. */
export function hanging({ lead, text, width, paintLead = same, paint = same }: Hanging): string[] {
  const indent = displayWidth(lead);
  return wrap(text, width - indent).map(
    (line, index) => (index === 0 ? paintLead(lead) : ' '.repeat(indent)) + paint(line),
  );
}

function same(text: string): string {
  return text;
}
