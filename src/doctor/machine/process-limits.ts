import { readFileSync } from 'node:fs';
import type { DoctorCheck } from '../../checks/check.ts';
import { shell } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import type { DoctorContext } from '../context.ts';
import { programOutput } from './program-output.ts';

/** Null stands for "unlimited". */
interface Limits {
  readonly whose: string;
  readonly openFiles: number | null;
  readonly processes: number | null;
}

/** The gateway keeps a file or socket for each session, 200 pooled connections and what a database needs. */
const OPEN_FILES = 1024;
/** pg_dump, a shell and their helpers; the limit counts all processes of the user. */
const PROCESSES = 128;

/**
 * Limits of this process and of the shell it was started from. Node.js raises its own limit of open files as far
 * as it may; the gateway, started from the same shell, does not.
 */
export const processLimits: DoctorCheck<DoctorContext> = {
  id: 'machine.limits',
  title: 'Open files and processes are not limited too far',
  level: 'warning',
  hint: 'A gateway or a backup that may open too few files ends in “disk I/O error” or “unable to open database file”. Raise the limit in the shell that starts the gateway (LimitNOFILE= in a systemd unit, ulimits: in compose).',
  async find(context) {
    const limits = await limitsHere(context);
    const few = limits.filter(({ openFiles }) => (openFiles ?? OPEN_FILES) < OPEN_FILES);
    const crowded = limits.filter(({ processes }) => (processes ?? PROCESSES) < PROCESSES);
    const low = [...new Set([...few, ...crowded])];
    return {
      count: few.length + crowded.length,
      sample: (low.length > 0 ? low : limits).map(toText),
      command: shell(few.length > 0 ? `ulimit -n ${4 * OPEN_FILES}` : `ulimit -u ${8 * PROCESSES}`),
    };
  },
};

function toText({ whose, openFiles, processes }: Limits): string {
  const files = openFiles === null ? 'any number of open files' : plural(openFiles, 'open file');
  const tasks = processes === null ? 'any number of processes' : plural(processes, 'process', 'processes');
  return `${whose}: ${files}, ${tasks}`;
}

async function limitsHere(context: DoctorContext): Promise<Limits[]> {
  const processes = { 'this process': process.pid, 'the shell it was started from': process.ppid };
  const listed = Object.entries(processes).flatMap(([whose, pid]) => {
    try {
      return [readLimits(whose, readFileSync(`/proc/${pid}/limits`, 'utf8'))];
    } catch {
      // No /proc here, or a process that is not ours to look at.
      return [];
    }
  });
  if (listed.length > 0 || process.platform === 'win32') return listed;
  // Without /proc a child tells, which has the limits of this process.
  const answer = await programOutput(['/bin/sh', '-c', 'ulimit -n; ulimit -u'], context);
  const [files, tasks] = answer.split('\n');
  if (answer === '') return [];
  return [{ whose: 'this process', openFiles: numberIn(files), processes: numberIn(tasks) }];
}

/** @param text of `/proc/<pid>/limits` (proc(5)): name, soft limit, hard limit, unit */
export function readLimits(whose: string, text: string): Limits {
  const soft = (name: string) => numberIn(new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text)?.[1]);
  return { whose, openFiles: soft('Max open files'), processes: soft('Max processes') };
}

function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
