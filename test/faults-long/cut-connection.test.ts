import { cutConnectionCases } from '../faults/cut-connection-cases.ts';

const every = (step: number, to: number) => Array.from({ length: to / step }, (_, i) => 10 + i * step);

cutConnectionCases(['postgres', 'postgres18', 'mariadb', 'mysql'], {
  up: every(5_000, 100_000),
  down: every(8_000, 160_000),
});
