import { cutConnectionCases } from './cut-connection-cases.ts';

cutConnectionCases(['postgres', 'mariadb'], { up: [300, 20_000, 60_000], down: [2_000, 30_000] });
