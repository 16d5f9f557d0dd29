import type { Text } from '../../advice.ts';
import { printable } from '../../printable.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

/** Each warning under a yellow mark. */
export function warnings(texts: readonly Text[], { style, paint, signs }: Page): string[] {
  return [
    paint.bold(texts.length === 1 ? 'Warning' : 'Warnings'),
    ...texts.flatMap((text) =>
      hanging({
        lead: `  ${signs.warn} `,
        text: printable(text),
        width: style.width,
        paintLead: paint.yellow,
      }),
    ),
  ];
}
