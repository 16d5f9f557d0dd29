import { lockCases } from './lock-cases.ts';

lockCases(['postgres']);
