import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** `engines.node` of the package: the oldest that its dependencies run on. */
const OLDEST = [20, 19] as const;

/** npm only warns about a Node.js that is too old, and native modules then crash in odd places. */
export const nodeVersion: Examination<DoctorContext> = {
  id: 'machine.node',
  title: 'This Node.js is supported',
  level: 'error',
  meaning: `mcpgw needs Node.js ${OLDEST.join('.')} or later; an older one fails in odd places.`,
  command: 'nvm install --lts',
  async find() {
    const { node, modules } = process.versions;
    const fact = `Node.js ${node} (modules ${modules}) at ${process.execPath}`;
    return { count: isSupported(node) ? 0 : 1, sample: [fact] };
  },
};

/** @param version as in `process.versions.node` */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
