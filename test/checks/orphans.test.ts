import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planFix } from '../../src/checks/fix.ts';
import { orphans } from '../../src/checks/orphans.ts';
import { personalTeam } from '../../src/checks/personal-team.ts';
import { teamMembership } from '../../src/checks/team-membership.ts';
import { ownerUnknown, teamUnknown } from '../../src/checks/unknown-reference-check.ts';
import { allRows } from '../support/all-rows.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { describeDefects, unenforced } from '../support/defects.ts';
import { ADMIN, type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { addPeople, ownership } from '../support/people.ts';
import { fix } from '../support/run-checks.ts';

const UMA = 'uma@corp.example.com';
const VIC = 'vic@corp.example.com';

describeDefects(orphans, {
  'gives a row with neither to the administrator, visible to all': {
    plant: ({ database }) =>
      database.query(
        "UPDATE tools SET team_id = NULL, owner_email = NULL, visibility = 'private', federation_source = NULL WHERE id = 'tool-1'",
      ),
    findings: ['tools tool-1 “tool-1”: no team and no owner'],
    also: ['gateways.visibility-differs'],
    changes: ['tools'],
    after: async (at) => {
      expect(await ownership(at, 'tools')).toBe(
        `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tpublic`,
      );
      expect(await at.database.query("SELECT federation_source FROM tools WHERE id = 'tool-1'")).toBe('NULL');
    },
  },
  'fills only what is missing of the others': {
    plant: async (at) => {
      await addPeople(at);
      await at.database.query(
        `UPDATE servers SET team_id = NULL, owner_email = '${UMA}', visibility = 'private' WHERE id = 'server-1'`,
      );
      await at.database.query(
        "UPDATE resources SET team_id = 'club', owner_email = NULL, visibility = 'team' WHERE id = 2",
      );
    },
    findings: [
      `servers server-1 “Server 1”: no team (owner ${UMA})`,
      'resources 2 “file:///resource-2”: no owner (team club)',
    ],
    also: ['users.no-personal-team'],
    changes: ['resources', 'servers'],
    after: async (at) => {
      expect(await ownership(at, 'servers')).toBe(
        `server-1\tuma\t${UMA}\tprivate\nserver-2\tadmin\t${ADMIN}\tpublic`,
      );
      expect(await ownership(at, 'resources')).toBe(`1\tadmin\t${ADMIN}\tpublic\n2\tclub\t${VIC}\tteam`);
    },
  },
  'reports collisions row by row and assigns the rest': {
    plant: async ({ database }) => {
      await database.query(
        "UPDATE tools SET team_id = NULL, owner_email = NULL, name = 'tool-2' WHERE id = 'tool-1'",
      );
      await database.query('UPDATE servers SET team_id = NULL, owner_email = NULL');
      await database.query("UPDATE gateways SET team_id = NULL, slug = 'gateway-2' WHERE id = 'gateway-1'");
    },
    // The row that collides is shown for what is in its way, too.
    findings: [
      /^tools tool-1 “tool-2”: the name is taken for team [0-9a-f]{32} and owner admin@corp\.example\.com$/,
      /^gateways gateway-1 “gateway-2”: the slug is taken for team [0-9a-f]{32} and owner admin@corp\.example\.com$/,
      'servers server-1 “Server 1”: no team and no owner',
      'servers server-2 “Server 2”: no team and no owner',
    ],
    remaining: 2,
    changes: ['servers'],
  },
  'leaves rows of an owner without a team': {
    plant: async (at) => {
      await addPeople(at);
      await at.database.query(`UPDATE tools SET team_id = NULL, owner_email = '${VIC}' WHERE id = 'tool-1'`);
    },
    findings: [`tools tool-1 “tool-1”: no team (owner ${VIC})`],
    also: ['users.no-personal-team'],
    remaining: 1,
  },
});

describeEachDatabase('ownership.orphans', ({ id, dialect }) => {
  it('takes the values of the flags', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    await at.database.query("UPDATE tools SET team_id = NULL, owner_email = NULL WHERE id = 'tool-1'");
    await at.database.query(`UPDATE tools SET team_id = NULL, owner_email = '${VIC}' WHERE id = 'tool-2'`);
    await at.database.query("UPDATE servers SET owner_email = NULL WHERE id = 'server-1'");
    const flags = { teamId: 'club', ownerEmail: UMA, visibility: 'team' };
    expect((await fix(at, [orphans], flags)).clean).toBe(true);
    expect(await ownership(at, 'tools')).toBe(`tool-1\tclub\t${UMA}\tteam\ntool-2\tclub\t${VIC}\tteam`);
    expect(await ownership(at, 'servers')).toBe(
      `server-1\tadmin\t${UMA}\tteam\nserver-2\tadmin\t${ADMIN}\tpublic`,
    );
    expect((await fix(at, [orphans], flags)).steps).toEqual([]);
  });

  it('lets the other follow from one flag', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    await at.database.query("UPDATE tools SET team_id = NULL, owner_email = NULL WHERE id = 'tool-1'");
    await fix(at, [orphans], { teamId: 'club' });
    await at.database.query("UPDATE tools SET team_id = NULL, owner_email = NULL WHERE id = 'tool-2'");
    await fix(at, [orphans], { ownerEmail: UMA });
    expect(await ownership(at, 'tools')).toBe(`tool-1\tclub\t${VIC}\tpublic\ntool-2\tuma\t${UMA}\tpublic`);
  });

  it('makes the personal team where it is missing, once', async () => {
    const at = await migratedDatabase(id);
    // The database itself takes the team out of its rows.
    await at.database.query('DELETE FROM email_teams');
    const result = await fix(at, [personalTeam, teamMembership, orphans]);
    expect(result.clean).toBe(true);
    expect(await at.database.query('SELECT count(*) FROM email_teams')).toBe('1');
    expect(await ownership(at, 'tools')).toBe(
      `tool-1\tadmin\t${ADMIN}\tpublic\ntool-2\tadmin\t${ADMIN}\tpublic`,
    );
    await at.database.query('DELETE FROM email_teams');
    expect((await fix(at, [orphans])).clean).toBe(true);
    expect((await fix(at, [personalTeam, teamMembership, orphans])).steps).toEqual([]);
  });

  it('announces that the personal team becomes active again', async () => {
    const at = await migratedDatabase(id);
    const no = at.database.dialect === 'postgresql' ? 'false' : '0';
    await at.database.query(`UPDATE email_teams SET is_active = ${no}`);
    await at.database.query("UPDATE tools SET team_id = NULL, owner_email = NULL WHERE id = 'tool-1'");
    const { plan } = await fix(at, [orphans]);
    expect(plan.steps.map(({ summary }) => summary)).toEqual([
      [expect.stringMatching(/^personal team “.*” active again$/), expect.stringMatching(/^tools: 1 row: /)],
    ]);
  });

  it('plans without writing, and says what it will do', async () => {
    const at = await migratedDatabase(id);
    await at.database.query("UPDATE tools SET team_id = NULL, owner_email = NULL WHERE id = 'tool-1'");
    const before = await at.withConnection(allRows);
    const plan = await at.withConnection(async (db) => {
      await db.dialect.beginRead(db);
      const input = { settings: at.settings, overrides: {}, now: new Date() };
      const made = await planFix(db, [orphans], input);
      await db.dialect.endRead(db);
      return made;
    });
    expect(plan.steps[0]?.summary?.[0]).toMatch(
      /^tools: 1 row: 1 to admin@corp\.example\.com, team [0-9a-f]{32}, public$/,
    );
    expect(plan.steps[0]?.statements.map(({ sql }) => sql)).toEqual([expect.stringContaining('UPDATE')]);
    expect(await at.withConnection(allRows)).toEqual(before);
  });

  it('assigns whatever can be assigned, and nothing else, of any mix', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    const admin = await at.database.query(`SELECT id FROM email_teams WHERE created_by = '${ADMIN}'`);
    const model = ownershipModel(admin);
    await fc.assert(
      fc.asyncProperty(mixes(admin), async (rows) => {
        await plant(at, rows);
        const before = await read(at);
        await fix(at, MENDING);
        const after = await read(at);
        expect(after.map(({ rest }) => rest)).toEqual(before.map(({ rest }) => rest));
        for (const [i, was] of before.entries()) {
          const now = after[i]!;
          expect(now).toMatchObject(model.kept(was));
          if (model.isWhole(now)) expect(now).toMatchObject(model.target(was) ?? {});
          else expect(model.target(was) === null || isTaken(after, was, model)).toBe(true);
        }
        expect(new Set(after.filter(model.isWhole).map(scopedName)).size).toBe(
          after.filter(model.isWhole).length,
        );
        expect((await fix(at, MENDING)).steps).toEqual([]);
      }),
      { numRuns: dialect === 'sqlite' ? 40 : 5, endOnFailure: dialect !== 'sqlite' },
    );
  }, 300_000);
});

const MENDING = [teamUnknown, ownerUnknown, orphans];

interface Row {
  readonly id: string;
  readonly table: 'servers' | 'gateways';
  readonly name: string;
  readonly team: string | null;
  readonly owner: string | null;
  readonly visibility: string;
}

/** Rows of a few names, with teams and owners that are there, missing or gone; no two whole ones the same. */
function mixes(admin: string): fc.Arbitrary<readonly Row[]> {
  const row = fc.record({
    table: fc.constantFrom('servers', 'gateways'),
    name: fc.constantFrom('a', 'b', 'c'),
    team: fc.constantFrom(null, null, admin, 'uma', 'club', 'gone'),
    owner: fc.constantFrom(null, null, ADMIN, UMA, VIC, 'gone@corp.example.com'),
    visibility: fc.constantFrom('private', 'team', 'public'),
  });
  return fc
    .uniqueArray(row, {
      maxLength: 14,
      selector: (r) =>
        r.team === null || r.owner === null ? Symbol('any') : [r.table, r.name, r.team, r.owner].join(),
    })
    .map((rows) => rows.map((r, i) => ({ ...r, id: `row-${String(i).padStart(2, '0')}` }) as Row));
}

async function plant(at: MigratedDatabase, rows: readonly Row[]): Promise<void> {
  const AT = "'2025-08-01 10:00:00'";
  const text = (value: string | null) => (value === null ? 'NULL' : `'${value}'`);
  const owned = ({ team, owner, visibility }: Row) => `${text(team)}, ${text(owner)}, '${visibility}'`;
  const inserts = rows.map((r) =>
    r.table === 'servers'
      ? `INSERT INTO servers (id, name, created_at, updated_at, is_active, tags, version, team_id, owner_email, visibility)
         VALUES ('${r.id}', '${r.name}', ${AT}, ${AT}, true, '[]', 1, ${owned(r)})`
      : `INSERT INTO gateways (id, name, slug, url, transport, capabilities, created_at, updated_at, enabled, reachable, tags, version, team_id, owner_email, visibility)
         VALUES ('${r.id}', '${r.name}', '${r.name}', 'http://${r.name}.example.com', 'SSE', '{}', ${AT}, ${AT}, true, true, '[]', 1, ${owned(r)})`,
  );
  await unenforced(['DELETE FROM servers', 'DELETE FROM gateways', ...inserts].join(';\n'))(at);
}

interface ReadRow extends Row {
  /** Everything else, which nothing may change. */
  readonly rest: string;
}

async function read(at: MigratedDatabase): Promise<readonly ReadRow[]> {
  const all = await at.withConnection(allRows);
  return (['servers', 'gateways'] as const)
    .flatMap((table) =>
      (all[table] ?? []).map((line): ReadRow => {
        const { team_id: team, owner_email: owner, visibility, ...rest } = JSON.parse(line);
        return { id: rest.id, table, name: rest.name, team, owner, visibility, rest: JSON.stringify(rest) };
      }),
    )
    .toSorted((a, b) => a.id.localeCompare(b.id));
}

const scopedName = ({ table, name, team, owner }: Row) => [table, name, team, owner].join();

type Model = ReturnType<typeof ownershipModel>;

/** COMPATIBILITY §5 in the words of a test. */
function ownershipModel(admin: string) {
  const makers: Readonly<Record<string, string>> = { [admin]: ADMIN, uma: UMA, club: VIC };
  const personal: Readonly<Record<string, string>> = { [ADMIN]: admin, [UMA]: 'uma' };
  const users = [ADMIN, UMA, VIC];
  const teamOf = ({ team }: Row) => (team !== null && team in makers ? team : null);
  const ownerOf = ({ owner }: Row) => (owner !== null && users.includes(owner) ? owner : null);
  return {
    isWhole: (row: Row) => teamOf(row) !== null && ownerOf(row) !== null,
    /** What a row must still have afterwards. */
    kept(row: Row): Partial<Row> {
      return {
        ...(teamOf(row) === null ? {} : { team: row.team }),
        ...(ownerOf(row) === null ? {} : { owner: row.owner }),
        ...(row.team === null && row.owner === null ? {} : { visibility: row.visibility }),
      };
    },
    /** Where a row belongs; null when that cannot be told. */
    target(row: Row): Partial<Row> | null {
      const team = teamOf(row);
      const owner = ownerOf(row);
      if (team !== null && owner !== null) return { team, owner };
      if (team !== null) return { team, owner: makers[team]! };
      if (owner !== null) return owner in personal ? { team: personal[owner]!, owner } : null;
      return row.team === null && row.owner === null
        ? { team: admin, owner: ADMIN, visibility: 'public' }
        : { team: admin, owner: ADMIN };
    },
  };
}

/** Whether another row has the place that this one belongs in. */
function isTaken(after: readonly Row[], row: Row, model: Model): boolean {
  const place = scopedName({ ...row, ...model.target(row) });
  return after.some((other) => other.id !== row.id && model.isWhole(other) && scopedName(other) === place);
}
