import { cutConnectionCases } from './cut-connection-cases.ts';

cutConnectionCases(['postgres', 'mariadb'], {
  up: [300, 25_000, 38_000],
  down: [2_000, 70_000, 100_000],
  silences: ['postgres'],
});
