import { expect, it } from 'vitest';
import { type OverrideFlags, resolveOverrides } from '../../src/ownership/resolve-overrides.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { addPeople } from '../support/people.ts';

const resolve = (at: MigratedDatabase, flags: OverrideFlags) =>
  at.withConnection(async (db) => resolveOverrides(db, await db.dialect.readSchema(db), flags));

describeEachDatabase('resolveOverrides', ({ id }) => {
  it('finds what the flags name, and refuses the rest all at once', async () => {
    const at = await migratedDatabase(id);
    await addPeople(at);
    await at.database.query("UPDATE email_teams SET slug = 'the-club' WHERE id = 'club'");
    expect(await resolve(at, {})).toEqual({});
    expect(
      await resolve(at, { team: 'the-club', owner: ' VIC@corp.example.com', visibility: 'Team' }),
    ).toEqual({
      teamId: 'club',
      ownerEmail: 'vic@corp.example.com',
      visibility: 'team',
    });
    expect(await resolve(at, { team: 'club' })).toEqual({ teamId: 'club' });
    expect(await resolve(at, { owner: 'uma@corp.example.com' })).toEqual({
      ownerEmail: 'uma@corp.example.com',
    });

    await expect(resolve(at, { owner: 'vic@corp.example.com' })).rejects.toMatchObject({
      code: 'USAGE',
      details: [expect.stringContaining('no active personal team; say with --team')],
    });
    await at.database.query("UPDATE email_teams SET is_active = false WHERE id = 'club'");
    await at.database.query("UPDATE email_users SET is_active = false WHERE email = 'uma@corp.example.com'");
    await expect(
      resolve(at, { team: 'club', owner: 'uma@corp.example.com', visibility: 'everyone' }),
    ).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      details: [
        '--team: the team “club” is not active',
        '--owner: the user “uma@corp.example.com” is not active',
        '--visibility: there is no “everyone”; it is one of private, team, public',
      ],
    });
    await expect(resolve(at, { team: 'nothing', owner: 'nobody@corp.example.com' })).rejects.toMatchObject({
      code: 'USAGE',
      details: [
        '--team: there is no team with the id or slug “nothing”',
        expect.stringContaining('--owner: there is no user “nobody@corp.example.com”'),
      ],
    });
  });
});
