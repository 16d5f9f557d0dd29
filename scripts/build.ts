import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './build/build-program.ts';
import { sizeReport } from './build/size-report.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const metafile = await buildProgram({
  root,
  entry: join(root, 'src/cli.ts'),
  outputFolder: join(root, 'dist'),
  version,
});
console.log(sizeReport(metafile, 'cli.js'));
