import { serverDiskFullCases } from './server-disk-full-cases.ts';

serverDiskFullCases(['postgres', 'mariadb']);
