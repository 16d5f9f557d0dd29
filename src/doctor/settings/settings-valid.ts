import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Everything that `loadSettings` would refuse, all at once. */
export const settingsValid: Examination<DoctorContext> = {
  id: 'settings.valid',
  title: 'Every setting can be used',
  level: 'error',
  meaning: 'mcpgw refuses to run with settings like these, and the gateway refuses most of them or guesses.',
  command: '',
  async find({ inspected: { problems } }) {
    return { count: problems.length, sample: problems.map(({ text }) => text) };
  },
};
