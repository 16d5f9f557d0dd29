import { realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Blocker } from '../blocker.ts';
import { linesOf } from './lines-of.ts';

/** A process of this machine that has a file or a lock. */
export interface Holder extends Blocker {
  /** Whether it is another run of this program. */
  readonly isMcpgw: boolean;
}

/** What Linux tells of a process; little more than its number elsewhere. */
export function describeProcess(pid: number): Holder {
  const words = (linesOf(`/proc/${pid}/cmdline`)[0] ?? '').split('\0').filter((word) => word !== '');
  const isMcpgw = words.slice(0, 3).some(isThisProgram);
  const name = isMcpgw ? 'mcpgw' : programName(words) || linesOf(`/proc/${pid}/comm`)[0] || 'a process';
  const since = startOf(pid);
  return {
    isMcpgw,
    // A program that has the file open is stopped in its own way.
    end: null,
    text: `${name} pid ${pid} on this host${since === null ? '' : `, running since ${since}`}`,
  };
}

function isThisProgram(word: string): boolean {
  if (basename(word) === 'mcpgw') return true;
  try {
    return realpathSync(word) === realpathSync(process.argv[1] ?? '') && word.includes('cli');
  } catch {
    return false;
  }
}

/**
 * The program and, for an interpreter, its script: never all arguments, which may hold secrets.
 */
function programName([program = '', ...args]: readonly string[]): string {
  const name = basename(program);
  if (!/^(node|python[\d.]*|uvicorn|gunicorn|ruby|sh|bash|java|bun|deno)$/.test(name)) return name;
  // What has a blank is no script but a program's text, such as that of `sh -c`.
  const script = args.find((word) => !word.startsWith('-') && !/[\s=@]/.test(word));
  return script === undefined ? name : `${name} ${basename(script)}`;
}

/** Hundredths of a second since the machine started, on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Field of `/proc/<pid>/stat` after the name in brackets, which may hold blanks: `starttime` (proc(5)). */
const START_FIELD = 19;

function startOf(pid: number): string | null {
  const stat = linesOf(join('/proc', String(pid), 'stat'))[0];
  const ticks = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD]);
  const boot = Number(
    linesOf('/proc/stat')
      .find((line) => line.startsWith('btime '))
      ?.slice('btime '.length),
  );
  if (!(ticks > 0) || !(boot > 0)) return null;
  return `${new Date((boot + ticks / TICKS_PER_SECOND) * 1000).toISOString().slice(0, 19)}Z`;
}
