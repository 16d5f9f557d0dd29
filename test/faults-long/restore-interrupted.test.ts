import { restoreInterruptedCases } from '../faults/restore-interrupted-cases.ts';

restoreInterruptedCases(['postgres', 'postgres18', 'mariadb', 'mysql'], { silences: true });
