import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Later releases of the gateway take it, and so does mcpgw. */
export const urlPercent: Examination<DoctorContext> = {
  id: 'settings.url-percent',
  title: 'The gateway can read DATABASE_URL',
  level: 'warning',
  meaning:
    'Gateways up to v0.7.0 do not start with a % anywhere in DATABASE_URL, not even in an encoded password. Give the database’s user a password of letters, digits and - . _ ~ only, and set what else is encoded at the server, for instance: ALTER ROLE … SET search_path = ….',
  command: '',
  preflight: 'warn',
  async find({ inspected: { percentInUrl } }) {
    if (!percentInUrl) return { count: 0, sample: [] };
    return { count: 1, sample: ['DATABASE_URL has a %, with which gateways up to v0.7.0 do not start'] };
  },
};
