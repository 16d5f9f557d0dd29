import type { Migration, MigrationContext } from '../src/migrate/migration.ts';

// The gateway's own upgrade on MySQL can leave full copies of two tables behind. The copy of `gateways` holds
// credentials, so it is not a harmless remnant.

const title = 'Remove copies that the gateway’s own upgrade left behind';

function dropCopies(m: MigrationContext): void {
  m.dropCopy('servers_tmp_nounique', 'servers');
  m.dropCopy('gateways_tmp_nounique', 'gateways');
}

export default {
  id: '0004_leftovers',
  title,
  downTitle: title,
  when: 'after-seed',
  up: dropCopies,
  // What was only a copy is not brought back, and one that is still there is none of v0.6.0's.
  down: dropCopies,
} satisfies Migration;
