import { backupKilledCases } from './backup-killed-cases.ts';

backupKilledCases(['postgres', 'mariadb']);
