import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serverDatabase } from './bench/server-database.ts';
import { sqliteDatabase } from './bench/sqlite-database.ts';
import { migrateSample, type Trial, trySabotage } from './sabotage/try-sabotage.ts';
import { createSample } from './sample/create-sample.ts';
import { random } from './sample/random.ts';
import { SMALL_SAMPLE } from './sample/sample-size.ts';
import { urlVariable } from './servers/environment.ts';

const SERVERS = ['postgres', 'mariadb', 'mysql'] as const;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    count: { type: 'string', default: '500' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);

/** One line for a trial; what the program did wrong below it. */
function show(n: number, { title, broken, found, left, faults }: Trial): void {
  if (faults.length === 0 && !values.verbose) return;
  const fate = `${broken.length > 0 ? 'matters' : 'harmless'}; found by ${found.join(', ') || 'none'}; left ${left.join(', ') || 'none'}`;
  console.log(`${faults.length === 0 ? '✔' : '✖'} ${n} ${title} (${fate})`);
  if (values.verbose || faults.length > 0) for (const line of broken.slice(0, 3)) console.log(`    ${line}`);
  for (const fault of faults) console.log(`  ${fault}`);
}

/** @returns how many trials the program did not stand */
async function sabotage(id: 'sqlite' | (typeof SERVERS)[number], folder: string): Promise<number> {
  const database = id === 'sqlite' ? sqliteDatabase(folder) : await serverDatabase(id);
  const [whole, copy] = [`sabotage_whole_${process.pid}`, `sabotage_copy_${process.pid}`];
  const tally = { tried: 0, matter: 0, harmless: 0, repaired: 0, wrong: 0 };
  try {
    await database.create(whole);
    await createSample(database.url(whole), SMALL_SAMPLE);
    await migrateSample(database.url(whole));
    for (let n = 0; tally.tried < count; n++) {
      await database.copy(whole, copy);
      // Each trial has a seed of its own, so that one alone can be tried again.
      const trial = await trySabotage(database.url(copy), random(seed * 100_003 + n));
      if (trial === null) continue;
      tally.tried++;
      tally[trial.broken.length > 0 ? 'matter' : 'harmless']++;
      if (trial.found.length > 0 && trial.left.length === 0) tally.repaired++;
      if (trial.faults.length > 0) tally.wrong++;
      show(n, trial);
    }
  } finally {
    await database.drop(copy);
    await database.drop(whole);
  }
  const { tried, matter, harmless, repaired, wrong } = tally;
  console.log(
    `${database.title}: ${tried} sabotages, ${matter} that matter, ${harmless} harmless; ${repaired} repaired; ${wrong} not stood`,
  );
  return wrong;
}

console.log(`seed ${seed}`);
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-sabotage-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const ids = (['sqlite', ...SERVERS.filter((id) => process.env[urlVariable(id)])] as const).filter(
  (id) => values.only === undefined || values.only.split(',').includes(id),
);
let wrong = 0;
for (const id of ids) wrong += await sabotage(id, folder);
process.exitCode = wrong === 0 ? 0 : 1;
