import { describe, onTestFinished } from 'vitest';
import type { GatewayRelease } from '../../../scripts/gateway/releases.ts';
import {
  type Gateway,
  type GatewaySettings,
  prepareGateway,
} from '../../../scripts/gateway/start-gateway.ts';
import { DATABASES, type DatabaseId, type DatabaseKind } from '../../support/database-kinds.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { ADMIN } from '../../support/test-settings.ts';

/** The releases that this run has, as `npm test` and `npm run test:gateway` put them into TEST_GATEWAYS. */
const HAD = (process.env.TEST_GATEWAYS ?? '').split(',');

/** The databases that the gateway is judged on; one of each dialect. */
const JUDGED: readonly DatabaseId[] = ['sqlite', 'postgres', 'mariadb'];

export const ADMINISTRATOR: GatewaySettings = {
  PLATFORM_ADMIN_EMAIL: ADMIN.email,
  PLATFORM_ADMIN_PASSWORD: ADMIN.password,
  PLATFORM_ADMIN_FULL_NAME: ADMIN.fullName,
};

/** `describe` once a database; skipped, by name, where it or one of the releases is not there. */
export function describeJudged(
  name: string,
  releases: readonly GatewayRelease[],
  tests: (database: DatabaseKind) => void,
): void {
  const lacking = releases.filter((release) => !HAD.includes(release));
  for (const database of DATABASES.filter(({ id }) => JUDGED.includes(id))) {
    describe.skipIf(!database.available || lacking.length > 0)(`${name} [${database.id}]`, () =>
      tests(database),
    );
  }
}

/** Takes what is to be done once nobody needs a thing any more. */
export type AtEnd = (clean: () => void | Promise<void>) => void;

/**
 * A gateway of this release on a database.
 *
 * @param atEnd for the test that is running, unless told
 */
export async function gatewayOn(
  database: TestDatabase,
  release: GatewayRelease,
  settings: GatewaySettings = ADMINISTRATOR,
  atEnd: AtEnd = onTestFinished,
): Promise<Gateway> {
  const gateway = await prepareGateway(release, database.url, settings);
  atEnd(() => gateway.remove());
  return gateway;
}
