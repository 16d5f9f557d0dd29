import { expect } from 'vitest';
import { schemaLeftovers } from '../../src/checks/schema-leftovers.ts';
import { describeDefects } from '../support/defects.ts';

const COPY_SERVERS = 'CREATE TABLE servers_tmp_nounique AS SELECT * FROM servers';
const COPY_GATEWAYS = 'CREATE TABLE gateways_tmp_nounique AS SELECT * FROM gateways';

describeDefects(schemaLeftovers, {
  'drops copies whose rows are all in the real tables': {
    plant: async ({ database }) => {
      await database.query(COPY_SERVERS);
      await database.query(COPY_GATEWAYS);
    },
    findings: [
      'servers_tmp_nounique: 2 rows, all of them in servers',
      'gateways_tmp_nounique: 2 rows, all of them in gateways',
    ],
    changes: ['servers_tmp_nounique', 'gateways_tmp_nounique'],
    after: async ({ database }) => expect(await database.query('SELECT count(*) FROM servers')).toBe('2'),
  },
  'keeps a copy that has a row of its own': {
    plant: async ({ database }) => {
      await database.query(COPY_SERVERS);
      await database.query(COPY_GATEWAYS);
      await database.query("UPDATE gateways_tmp_nounique SET id = 'lost' WHERE id = 'gateway-2'");
    },
    findings: [
      'servers_tmp_nounique: 2 rows, all of them in servers',
      'gateways_tmp_nounique: 2 rows, 1 of them not in gateways',
    ],
    remaining: 1,
    changes: ['servers_tmp_nounique'],
    after: async ({ database }) =>
      expect(await database.query('SELECT count(*) FROM gateways_tmp_nounique')).toBe('2'),
  },
});
