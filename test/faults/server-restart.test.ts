import { serverRestartCases } from './server-restart-cases.ts';

serverRestartCases(['postgres', 'mariadb']);
