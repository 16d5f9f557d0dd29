import { restoreInterruptedCases } from './restore-interrupted-cases.ts';

restoreInterruptedCases(['postgres', 'mariadb'], { silences: false });
