import { expect, it } from 'vitest';
import { noPersonalTeam } from '../../src/checks/account-checks.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { ownershipDistribution } from '../../src/checks/ownership-distribution.ts';
import { privateRows } from '../../src/checks/private-rows.ts';
import { ownerUnknown, teamUnknown } from '../../src/checks/unknown-reference-check.ts';
import { visibilityDomain } from '../../src/checks/visibility-domain.ts';
import { visibilityTeam } from '../../src/checks/visibility-team.ts';
import { allRows } from '../support/all-rows.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { changing, describeDefects, unenforced } from '../support/defects.ts';
import { ADMIN, type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { addPeople, ownership } from '../support/people.ts';
import { fix, problems, verify } from '../support/run-checks.ts';

describeDefects(teamUnknown, {
  'gives rows of a team that is gone to the team of their owner': {
    plant: async (at) => {
      await addPeople(at);
      await unenforced(
        `UPDATE tools SET team_id = 'gone' WHERE id = 'tool-1';
         UPDATE servers SET team_id = 'gone', owner_email = 'uma@corp.example.com', visibility = 'team' WHERE id = 'server-2';
         UPDATE prompts SET team_id = 'gone', owner_email = NULL WHERE id = 2;
         UPDATE resources SET team_id = 'gone', owner_email = 'nobody@corp.example.com' WHERE id = 1`,
      )(at);
    },
    findings: [
      'tools tool-1 “tool-1”: there is no team gone',
      'servers server-2 “Server 2”: there is no team gone',
      'prompts 2 “prompt-2”: there is no team gone',
      'resources 1 “file:///resource-1”: there is no team gone',
    ],
    also: ['users.no-personal-team', 'ownership.orphans', 'ownership.unknown-owner'],
    changes: ['prompts', 'resources', 'servers', 'tools'],
    after: async (at) => {
      expect(await ownership(at, 'tools')).toBe(
        `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tpublic`,
      );
      expect(await ownership(at, 'servers')).toBe(
        `server-1\tadmin\t${ADMIN}\tpublic\nserver-2\tuma\tuma@corp.example.com\tteam`,
      );
      expect(await ownership(at, 'prompts')).toBe(`1\tadmin\t${ADMIN}\tpublic\n2\tadmin\t${ADMIN}\tpublic`);
      expect(await ownership(at, 'resources')).toBe(`1\tadmin\t${ADMIN}\tpublic\n2\tadmin\t${ADMIN}\tpublic`);
    },
  },
  'leaves those alone whose owner has no team': {
    plant: async (at) => {
      await addPeople(at);
      await unenforced(
        "UPDATE tools SET team_id = 'gone', owner_email = 'vic@corp.example.com' WHERE id = 'tool-1'",
      )(at);
    },
    findings: ['tools tool-1 “tool-1”: there is no team gone'],
    also: ['users.no-personal-team'],
    remaining: 1,
  },
});

describeDefects(ownerUnknown, {
  'gives rows of somebody who is gone to the owner of their team': {
    plant: async (at) => {
      await addPeople(at);
      await unenforced(
        `UPDATE tools SET owner_email = 'gone@corp.example.com' WHERE id = 'tool-1';
         UPDATE servers SET team_id = 'club', owner_email = 'gone@corp.example.com', visibility = 'private' WHERE id = 'server-2';
         UPDATE prompts SET team_id = NULL, owner_email = 'gone@corp.example.com' WHERE id = 2`,
      )(at);
    },
    findings: [
      'tools tool-1 “tool-1”: there is no user gone@corp.example.com',
      'servers server-2 “Server 2”: there is no user gone@corp.example.com',
      'prompts 2 “prompt-2”: there is no user gone@corp.example.com',
    ],
    also: ['users.no-personal-team', 'ownership.orphans'],
    changes: ['prompts', 'servers', 'tools'],
    after: async (at) => {
      expect(await ownership(at, 'tools')).toBe(
        `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tpublic`,
      );
      expect(await ownership(at, 'servers')).toBe(
        `server-1\tadmin\t${ADMIN}\tpublic\nserver-2\tclub\tvic@corp.example.com\tprivate`,
      );
      expect(await ownership(at, 'prompts')).toBe(`1\tadmin\t${ADMIN}\tpublic\n2\tadmin\t${ADMIN}\tpublic`);
    },
  },
  'leaves one alone whose name is taken': {
    plant: unenforced(
      "UPDATE tools SET owner_email = 'gone@corp.example.com', name = 'tool-2' WHERE id = 'tool-1'",
    ),
    findings: [
      /^tools tool-1 “tool-2”: the name is taken for team [0-9a-f]{32} and owner admin@corp\.example\.com$/,
    ],
    remaining: 1,
  },
});

describeDefects(visibilityDomain, {
  'makes rows private whose visibility nobody knows': {
    plant: async (at) => {
      await at.database.query("UPDATE tools SET visibility = 'everyone' WHERE id = 'tool-2'");
      await at.database.query("UPDATE prompts SET visibility = '' WHERE id = 1");
    },
    findings: ['tools tool-2 “tool-2”: visibility “everyone”', 'prompts 1 “prompt-1”: visibility “”'],
    changes: ['prompts', 'tools'],
    after: async (at) => {
      expect(await ownership(at, 'tools')).toBe(
        `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tprivate`,
      );
      expect(await ownership(at, 'prompts')).toBe(`1\tadmin\t${ADMIN}\tprivate\n2\tadmin\t${ADMIN}\tpublic`);
    },
  },
});

describeDefects(visibilityTeam, {
  'makes rows private that are visible to a team they do not have': {
    plant: ({ database }) =>
      database.query("UPDATE tools SET visibility = 'team', team_id = NULL WHERE id = 'tool-2'"),
    findings: ['tools tool-2 “tool-2”: visible to its team, but has none'],
    also: ['ownership.orphans'],
    changes: ['tools'],
    after: async (at) =>
      expect(await ownership(at, 'tools')).toBe(
        `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tNULL\t${ADMIN}\tprivate`,
      ),
  },
});

const hide = ({ database }: MigratedDatabase) =>
  database.query("UPDATE tools SET visibility = 'private' WHERE id = 'tool-2'");

describeEachDatabase('checks on ownership', ({ id }) => {
  it('take the values of the flags', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    await unenforced(
      `UPDATE tools SET team_id = 'gone', owner_email = 'vic@corp.example.com' WHERE id = 'tool-1';
       UPDATE servers SET team_id = 'gone', owner_email = NULL WHERE id = 'server-1';
       UPDATE servers SET owner_email = 'gone@corp.example.com' WHERE id = 'server-2';
       UPDATE prompts SET visibility = 'everyone' WHERE id = 1;
       UPDATE resources SET visibility = 'team', team_id = NULL WHERE id = 1`,
    )(at);
    const mine = [teamUnknown, ownerUnknown, visibilityDomain, visibilityTeam];
    const flags = { teamId: 'club', ownerEmail: 'uma@corp.example.com', visibility: 'team' };
    const result = await fix(at, mine, flags);
    expect(result.checks.map(({ remaining }) => remaining)).toEqual([0, 0, 0, 0]);
    expect(await ownership(at, 'tools')).toBe(
      `tool-1\tclub\tvic@corp.example.com\tteam\ntool-2\tadmin\t${ADMIN}\tpublic`,
    );
    expect(await ownership(at, 'servers')).toBe(
      'server-1\tclub\tuma@corp.example.com\tteam\nserver-2\tadmin\tuma@corp.example.com\tteam',
    );
    expect(await ownership(at, 'prompts')).toBe(`1\tadmin\t${ADMIN}\tteam\n2\tadmin\t${ADMIN}\tpublic`);
    expect(await ownership(at, 'resources')).toBe(`1\tclub\t${ADMIN}\tteam\n2\tadmin\t${ADMIN}\tpublic`);
    expect((await fix(at, mine, flags)).steps).toEqual([]);
  });

  it('tell the private rows of the administrator, and change them only when asked', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    await hide(at);
    await at.database.query(
      "UPDATE prompts SET visibility = 'private', team_id = 'club', owner_email = 'vic@corp.example.com'",
    );
    await fix(at, [noPersonalTeam]);
    const before = await at.withConnection(allRows);
    const [report] = await verify(at, [privateRows]);
    expect(report).toMatchObject({
      status: 'passed',
      level: 'info',
      count: 1,
      findings: ['tools tool-2 “tool-2”: seen by the administrator only'],
      hint: expect.stringContaining('--visibility public'),
    });
    expect((await fix(at, DATA_CHECKS)).steps).toEqual([]);
    expect(await at.withConnection(allRows)).toEqual(before);

    const result = await fix(at, [privateRows], { visibility: 'public' });
    expect(result.steps.map(({ rows }) => rows)).toEqual([1]);
    expect(await ownership(at, 'tools')).toBe(
      `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tpublic`,
    );
    expect(await ownership(at, 'prompts')).toContain('private');
    expect((await fix(at, [privateRows], { visibility: 'public' })).steps).toEqual([]);
  });

  it('tell who sees how many rows of each table', async () => {
    const at = await migratedDatabase(id);
    await hide(at);
    await at.database.query("UPDATE servers SET visibility = 'everyone' WHERE id = 'server-1'");
    await at.database.query('DELETE FROM a2a_agents');
    const [report] = await verify(at, [ownershipDistribution]);
    expect(report).toMatchObject({ status: 'passed', count: 5 });
    expect(report?.findings).toEqual([
      'servers: 1 public, 1 of no known visibility',
      'tools: 1 public, 1 private',
      'resources: 2 public',
      'prompts: 2 public',
      'gateways: 2 public',
    ]);
  });

  it('do not pass where a table lacks the columns', async () => {
    const at = await migratedDatabase(id);
    await changing(
      // MySQL's foreign key on team_id needs an index of its own.
      ['prompts', { addIndexes: [{ name: 'ix_for_keys', columns: ['team_id'] }] }],
      [
        'prompts',
        {
          dropIndexes: ['idx_prompts_team_visibility', 'idx_prompts_owner_visibility'],
          dropColumns: ['visibility'],
        },
      ],
    )(at);
    const found = problems(await verify(at, [teamUnknown, visibilityDomain]));
    expect(found).toMatchObject({
      'ownership.unknown-team': { status: 'skipped', hint: expect.stringContaining('prompts') },
      'ownership.visibility': { status: 'skipped' },
    });
  });
});
