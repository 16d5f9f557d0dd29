import { commitLostCases } from './commit-lost-cases.ts';

commitLostCases(['postgres']);
