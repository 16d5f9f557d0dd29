import type { Migration } from '../src/migrate/migration.ts';

// The gateway's own upgrade on MySQL can leave full copies of two tables behind. The copy of `gateways` holds
// credentials, so it is not a harmless remnant.

export default {
  id: '0004_leftovers',
  title: 'Remove copies that the gateway’s own upgrade left behind',
  when: 'after-seed',
  up(m) {
    m.dropCopy('servers_tmp_nounique', 'servers');
    m.dropCopy('gateways_tmp_nounique', 'gateways');
  },
  // What was only a copy is not brought back.
  down() {},
} satisfies Migration;
