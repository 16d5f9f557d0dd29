import { serverDiskFullCases } from '../faults/server-disk-full-cases.ts';

serverDiskFullCases(['postgres18', 'mysql']);
