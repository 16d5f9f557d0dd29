import { buildMcpgw } from './build/build-mcpgw.ts';
import { sizeReport } from './build/size-report.ts';

try {
  console.log(sizeReport(await buildMcpgw()));
} catch (error) {
  // esbuild has printed what is wrong, with file and line.
  if (!(error instanceof Error) || !('errors' in error)) throw error;
  process.exitCode = 1;
}
