import { cutConnectionCases } from '../faults/cut-connection-cases.ts';

const every = (step: number, to: number) => Array.from({ length: to / step }, (_, i) => 10 + i * step);

const SERVERS = ['postgres', 'postgres18', 'mariadb', 'mysql'] as const;

cutConnectionCases(SERVERS, {
  silences: SERVERS,
  up: every(3_000, 45_000),
  down: every(7_000, 119_000),
});
