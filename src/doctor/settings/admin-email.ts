import { loginLimit } from '../../settings/admin-email.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** The administrator's address is one that the gateway finds again, and takes everywhere. */
export const adminEmail: Examination<DoctorContext> = {
  id: 'settings.admin-email',
  title: 'The gateway takes the administrator’s email everywhere',
  level: 'warning',
  meaning:
    'The gateway stores the address trimmed and in lower case, and looks for it as its settings have it. Change it in the gateway’s own settings as well.',
  command: '',
  preflight: 'warn',
  async find({ inspected: { settings, sources } }) {
    const found = sources.get('PLATFORM_ADMIN_EMAIL');
    if (found === undefined || found.source === 'default') return { count: 0, sample: [] };
    const email = settings.platformAdminEmail;
    const limit = loginLimit(email);
    const place = found.detail || `the ${found.source}`;
    const sample = [
      ...(found.value === email
        ? []
        : [
            `PLATFORM_ADMIN_EMAIL has capitals or blanks, and the gateway’s own start and scripts do not find the administrator by it: write ${email} (${place})`,
          ]),
      ...(limit === null ? [] : [`PLATFORM_ADMIN_EMAIL: ${email} ${limit} (${place})`]),
    ];
    return { count: sample.length, sample };
  },
};
