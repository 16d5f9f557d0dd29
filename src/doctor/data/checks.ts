import { sql } from 'kysely';
import { readHistory } from '../../change/history.ts';
import { CLEAN, type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import { isProblem } from '../../checks/run-check.ts';
import { errorText, GatewayError } from '../../errors.ts';
import { historyWarnings } from '../../migrate/history.ts';
import { isKnown, readRevisions } from '../../migrate/state.ts';
import { advise, mcpgw, type Text } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import type { DraftCheck } from '../../report/report.ts';
import { credentialProblems } from '../../settings/credentials.ts';
import { problemLine } from '../../settings/load.ts';
import { backupsOf } from '../backups-of.ts';
import type { OpenContext } from '../context.ts';
import { lostAndFound, lostAndFoundIn } from './lost-and-found.ts';
import { plannedMigration, stateOf, verified } from './state.ts';

type StateCheck = DoctorCheck<OpenContext>;

/** The database is in one of the states that a migration starts from or ends in (COMPATIBILITY §1). */
const release: StateCheck = {
  id: 'data.release',
  title: 'The release of the gateway’s data is known',
  level: 'error',
  hint: 'mcpgw migrate refuses a database in a state that it does not know.',
  async find(context) {
    const state = await stateOf(context);
    if (state instanceof GatewayError) return refusalFindings(state);
    const { description, revision } = state;
    return fine(revision === '' ? description : `${description} (revision ${revision})`);
  },
  async repair({ db, schema, connect }) {
    const [revision = '', ...more] = (await readRevisions(db, schema)) ?? [];
    const meant = revision.trim().toLowerCase();
    if (more.length > 0 || meant === revision || !isKnown(meant)) return null;
    return {
      summary: [`Write the revision “${revision}” as the gateway does: ${meant}`],
      async run() {
        const change = sql`UPDATE alembic_version SET version_num = ${meant} WHERE version_num = ${revision}`;
        await connect('write', (writer) => writer.run({ ...writer.compile(change), counts: 'written' }));
        return [`the revision is ${meant}`];
      },
    };
  },
};

const refusalFindings = ({ message, details, hint, next }: GatewayError, more: readonly Text[] = []) =>
  found([message, ...details, ...more], { hint, command: next });

/** A check of data in a state that is known; of any other it is no pass. */
function ofKnownState(check: StateCheck): StateCheck {
  return {
    ...check,
    async find(context) {
      if (!((await stateOf(context)) instanceof GatewayError)) return check.find(context);
      return { ...CLEAN, skipped: 'the state of the data is not known (data.release)' };
    },
  };
}

/** Everything that `migrate` would refuse, asked without writing: so that it is known before the maintenance. */
const ready = ofKnownState({
  id: 'data.ready',
  title: 'mcpgw migrate would not refuse the data',
  level: 'error',
  hint: 'mcpgw migrate refuses to start, and changes nothing, until this is repaired.',
  async find(context): Promise<Findings> {
    const planned = await plannedMigration(context);
    if (planned === null) return fine('at v0.7.0 already');
    const { settings, sources } = context.inspected;
    const credentials = settings.emailAuthEnabled
      ? credentialProblems(settings, (name) => sources.get(name), {
          strict: true,
          allowDefaults: false,
        }).map(problemLine)
      : [];
    const missing = await context.db.dialect.missingPrivileges(context.db, [...context.schema.keys()]);
    const sample = [...missing.map((text) => `this user may not ${text}`), ...credentials];
    if (planned instanceof GatewayError) return refusalFindings(planned, sample);
    if (sample.length === 0) {
      const pending = planned.steps.filter(({ statements }) => statements.length > 0);
      return fine(...pending.map(({ title }) => `planned: ${title}`));
    }
    return found(sample, missing.length === 0 ? { hint: SEE_SETTINGS } : {});
  },
});

const SEE_SETTINGS =
  'mcpgw migrate refuses to start until it knows the administrator: set PLATFORM_ADMIN_EMAIL and PLATFORM_ADMIN_PASSWORD, or PLATFORM_ADMIN_PASSWORD_FILE, in the environment or in .env.';

/** What a migration would change beyond its schema, or leave to `fix`: known names, collisions, stray rows. */
const leftByMigration = ofKnownState({
  id: 'data.left-by-migration',
  title: 'A migration would leave nothing to be done by hand',
  level: 'warning',
  hint: 'mcpgw migrate runs all the same: rows that collide stay without an owner, and the other rows named here are changed as it says.',
  command: mcpgw('migrate', '--dry-run'),
  async find(context) {
    const planned = await plannedMigration(context);
    if (planned === null || planned instanceof GatewayError) return CLEAN;
    const sample: string[] = [];
    let { length: count } = planned.warnings;
    for (const { table, collisions, collisionCount, unresolvable } of planned.collisions) {
      for (const { id, column, value, ownerEmail } of collisions) {
        sample.push(`${table.name} ${id}: ${ownerEmail} has ${column} “${value}” already`);
      }
      count += collisionCount;
      if (unresolvable === 0) continue;
      // Rows that cannot be told are summed up in one line.
      count += 1;
      sample.push(`${table.name}: ${plural(unresolvable, 'row')} whose owner or team cannot be told`);
    }
    return { count, sample: [...sample, ...planned.warnings] };
  },
});

/** What its links point at may be among the rows that a salvage could not place: those come back first. */
const DELETES_LINKS = 'foreign-keys.dangling';

/** What `mcpgw verify` would fail with, in a line for each check. */
const verify = ofKnownState({
  id: 'data.verify',
  title: 'Data at v0.7.0 passes mcpgw verify',
  level: 'error',
  hint: advise`The gateway’s data is not as v0.7.0 wants it. See every row with: ${mcpgw('verify')}`,
  onlyAt: '0.7.0',
  async find(context) {
    const result = await verified(context);
    if (result === null) return fine('not at v0.7.0 yet');
    const bad = result.reports.filter(isProblem);
    if (bad.length === 0) return fine(`${plural(result.reports.length, 'check')} passed`);
    const [lost] = bad.some(({ id }) => id === DELETES_LINKS) ? lostAndFoundIn(context) : [];
    // What verify sends to the doctor for is found beside this.
    const next = result.next?.is('doctor') ? undefined : result.next;
    const command = lost?.look ?? next ?? mcpgw('verify');
    return found(bad.map(lineOf), { command });
  },
});

/** The same for what it only warns about. */
const verifyWarnings = ofKnownState({
  id: 'data.verify-warnings',
  title: 'mcpgw verify has no warnings',
  level: 'warning',
  hint: 'The gateway works with data like this, but somebody may not be able to log in, or to see a resource.',
  command: mcpgw('verify'),
  onlyAt: '0.7.0',
  async find(context) {
    // What was not looked into for want of a setting is nothing of the data.
    const isFound = ({ status, count }: DraftCheck) => status === 'warned' && count > 0;
    return found(((await verified(context))?.reports ?? []).filter(isFound).map(lineOf));
  },
});

function lineOf({ id, status, count, findings, hint }: DraftCheck): Text {
  if (status === 'skipped' || status === 'errored') return advise`${id}: ${hint}`;
  const [first = ''] = findings;
  return advise`${id}: ${count === 1 ? first : advise`${plural(count, 'finding')}, the first: ${first}`}`;
}

/** Migrations that ran are those this version would run. */
const history: StateCheck = {
  id: 'data.history',
  title: 'What mcpgw did to this database is what this mcpgw would do',
  level: 'warning',
  hint: 'Another mcpgw, or an edited one, migrated this database: its schema may differ from what this one expects.',
  command: mcpgw('status', '--history'),
  async find({ db, schema }) {
    const rows = await readHistory(db, schema);
    const warnings = historyWarnings(rows);
    if (warnings.length > 0) return found(warnings);
    return fine(...(rows.length === 0 ? [] : [`${plural(rows.length, 'step')} recorded`]));
  },
};

/** The newest backup of this database where backups go unless `--backup-dir` says otherwise. */
const backups: StateCheck = {
  id: 'data.backups',
  title: 'Backups of this database',
  level: 'info',
  hint: advise`mcpgw migrate, fix and rollback take one before they write. Take one now with: ${mcpgw('backup')}`,
  async find(context) {
    try {
      const { place, whole, broken } = await backupsOf(context);
      const [newest] = whole;
      const sample = [
        newest === undefined
          ? `none in ${place}`
          : `${plural(whole.length, 'backup')} in ${place}, the newest of ${newest.facts}: ${newest.manifest.file}`,
        ...broken.map(({ path, problem }) => `${path} cannot be restored: ${problem}`),
      ];
      return { count: broken.length, sample };
    } catch (error) {
      const { code, path = 'the folder of backups' } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES') throw error;
      return fine(`${path} cannot be read: ${errorText(error)}`);
    }
  },
};

export const STATE_CHECKS: readonly StateCheck[] = [
  release,
  ready,
  leftByMigration,
  lostAndFound,
  verify,
  verifyWarnings,
  history,
  backups,
];
