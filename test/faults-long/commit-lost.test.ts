import { commitLostCases } from '../faults/commit-lost-cases.ts';

commitLostCases(['postgres18']);
