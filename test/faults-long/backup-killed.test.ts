import { backupKilledCases } from '../faults/backup-killed-cases.ts';

backupKilledCases(['postgres18', 'mysql']);
