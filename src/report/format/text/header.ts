import { displayWidth } from '../../display-width.ts';
import { printable } from '../../printable.ts';
import type { Draft } from '../../report.ts';
import { wrap } from '../../wrap.ts';
import type { Page } from './page.ts';

/** Command, server, masked URL, release and revision; broken between these where the line is too short. */
export function header(report: Draft, { style, paint, signs }: Page): string[] {
  const { database, tool } = report;
  const version = style.verbose ? ` ${tool.version}` : '';
  const parts = [
    { text: `${tool.name}${version} ${report.command}`, paint: paint.bold },
    { text: database?.server || database?.dialect || '', paint },
    { text: database?.url ?? '', paint },
    { text: database === null ? '' : releaseAndRevision(database), paint },
  ].map((part) => ({ ...part, text: printable(part.text) }));

  const lines: { width: number; text: string }[] = [];
  for (const part of parts.filter(({ text }) => text !== '')) {
    const width = displayWidth(part.text);
    const last = lines.at(-1);
    if (last !== undefined && last.width + 3 + width <= style.width) {
      last.width += 3 + width;
      last.text += ` ${paint.dim(signs.dot)} ${part.paint(part.text)}`;
    } else {
      for (const line of wrap(part.text, style.width - 2)) {
        const indent = lines.length === 0 ? '' : '  ';
        lines.push({ width: indent.length + displayWidth(line), text: indent + part.paint(line) });
      }
    }
  }
  return lines.map(({ text }) => text);
}

function releaseAndRevision({ release, revision }: { release: string; revision: string }): string {
  if (release === '') return revision === '' ? '' : `revision ${revision}`;
  const named = /^\d/.test(release) ? `release ${release}` : release;
  return revision === '' ? named : `${named} (${revision})`;
}
