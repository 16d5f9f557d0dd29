import { sampleSize } from '../../checks/sample-size.ts';
import { VARIABLES } from '../../settings/variables.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** What is set otherwise than in `.env.example`, which has every default. */
export const differsFromExample: Examination<DoctorContext> = {
  id: 'settings.example',
  title: 'What differs from .env.example',
  level: 'info',
  meaning: 'These settings are not the gateway’s defaults. See all of them with: mcpgw config',
  command: '',
  async find({ inspected: { sources }, thorough }) {
    const sample = VARIABLES.flatMap(({ name, default: standard }) => {
      const found = sources.get(name);
      if (found === undefined || found.source === 'default' || found.value === standard) return [];
      const place = found.detail || found.source;
      return [`${name}=${found.value} (${place})`];
    });
    // Nothing is left out without a word: what is shown of this level has no count beside it.
    const most = sampleSize(thorough);
    const shown = sample.length > most ? sample.slice(0, most - 1) : sample;
    const left = sample.length - shown.length;
    return {
      count: sample.length,
      sample: left === 0 ? shown : [...shown, `and ${left} more; all of them: mcpgw config`],
    };
  },
};
