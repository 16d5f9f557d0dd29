import { describe, expect, test } from 'vitest';
import { startPgbouncer } from '../../../scripts/servers/pgbouncer.ts';
import { stopOnExit } from '../../../scripts/servers/stop-on-exit.ts';
import { askDoctor } from '../../support/doctor.ts';

const POOLER = process.env.TEST_PGBOUNCER_URL || undefined;
const POSTGRES = process.env.TEST_POSTGRES_URL || undefined;
// Set when `npm test` started it, and so has the program.
const CAN_START = POSTGRES !== undefined && process.env.TEST_PGBOUNCER_CLIENTS !== undefined;

describe.skipIf(POOLER === undefined)('PgBouncer between (needs TEST_PGBOUNCER_URL)', () => {
  test('is named, and nothing else is found', async () => {
    const { of, problems } = await askDoctor(POOLER ?? '');
    expect(problems.filter((id) => /^(server|database)\./.test(id))).toEqual(['server.pooler']);
    const found = of('server.pooler');
    expect([found.status, found.findings, found.command]).toEqual([
      'warned',
      [expect.stringMatching(/^127\.0\.0\.1:\d+ is a pooler/)],
      'mcpgw migrate --no-backup',
    ]);
  });

  test.skipIf(!CAN_START)('statement pooling is refused, session pooling is not', async () => {
    const answers = [];
    for (const mode of ['session', 'statement'] as const) {
      stopOnExit();
      const pooler = await startPgbouncer(POSTGRES ?? '', mode);
      try {
        answers.push(await askDoctor(pooler.url));
      } finally {
        await pooler.stop();
      }
    }
    const [session, statement] = answers;
    expect(session?.of('server.pooler').status).toBe('warned');
    expect(session?.of('server.transactions').status).toBe('passed');
    expect(statement?.of('server.pooler').status).toBe('warned');
    const refused = statement?.of('server.transactions');
    expect([refused?.status, refused?.findings, refused?.hint]).toEqual([
      'failed',
      [expect.stringMatching(/^127\.0\.0\.1:\d+: pool_mode = statement$/)],
      expect.stringContaining('pgbouncer.ini'),
    ]);
    expect(statement?.of('database.open').status).toBe('skipped');
  });
});
