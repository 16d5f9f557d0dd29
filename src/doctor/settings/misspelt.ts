import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Those that decide which database or which administrator is meant are errors: `settings.valid` tells them. */
export const misspelt: Examination<DoctorContext> = {
  id: 'settings.unknown',
  title: 'No variable looks misspelt',
  level: 'warning',
  meaning:
    'The gateway and mcpgw pass over a name they do not know without a word, and go on with the default. Give it its right name.',
  command: '',
  preflight: 'warn',
  async find({ inspected: { misspelt: names } }) {
    const sample = names
      .filter(({ decides }) => decides === null)
      .map(({ name, meant, place }) => `${name} is unknown: is it ${meant}? (${place})`);
    return { count: sample.length, sample };
  },
};
