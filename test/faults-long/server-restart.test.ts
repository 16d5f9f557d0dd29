import { serverRestartCases } from '../faults/server-restart-cases.ts';

serverRestartCases(['postgres18', 'mysql']);
