import { isSupported, OLDEST_NODE } from '../../node-version.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** npm only warns about a Node.js that is too old, and native modules then crash in odd places. */
export const nodeVersion: Examination<DoctorContext> = {
  id: 'machine.node',
  title: 'This Node.js is supported',
  level: 'error',
  meaning: `mcpgw needs Node.js ${OLDEST_NODE} or later; an older one fails in odd places.`,
  command: 'nvm install --lts',
  async find() {
    const { node, modules } = process.versions;
    const fact = `Node.js ${node} (modules ${modules}) at ${process.execPath}`;
    return { count: isSupported(node) ? 0 : 1, sample: [fact] };
  },
};
