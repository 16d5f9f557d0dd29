import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { clock } from './clock.ts';
import { memory } from './memory.ts';
import { nativeModules } from './native-modules.ts';
import { nodeVersion } from './node-version.ts';
import { platform } from './platform.ts';
import { processLimits } from './process-limits.ts';
import { sqliteVersions } from './sqlite-versions.ts';
import { temporaryFiles } from './temporary-files.ts';

export const MACHINE_EXAMINATIONS: readonly Examination<DoctorContext>[] = [
  platform,
  nodeVersion,
  nativeModules,
  sqliteVersions,
  processLimits,
  memory,
  clock,
  temporaryFiles,
];
