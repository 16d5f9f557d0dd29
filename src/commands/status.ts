import { ExitCode } from '../errors.ts';
import { historyWarnings, readHistory } from '../migrate/history.ts';
import { isEmpty, makePlan } from '../migrate/plan.ts';
import { countOrphans, ownedTables } from '../ownership/orphans.ts';
import type { Section, StepReport } from '../report/report.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { findAdmin } from '../seed/find-admin.ts';
import { historySection } from './history-section.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

export interface StatusOptions extends GlobalOptions {
  readonly exitCode?: boolean;
  readonly history?: boolean;
  /** Seconds. */
  readonly wait?: number;
}

/** Tells where a database stands between v0.6.0 and v0.7.0, and what to run next. Writes nothing. */
export function status(io: Io, options: StatusOptions): Promise<ExitCode> {
  return runCommand('status', io, options, async ({ open }) => {
    const session = openSession(io, options, { credentials: 'optional', purpose: 'read' });
    open(session);
    return session.connect({ access: 'read', wait: options.wait }, async (db) => {
      await db.dialect.beginRead(db);
      const schema = await db.dialect.readSchema(db);
      const { settings } = session.loaded;
      const platformAdminEmail = await findAdmin(db, schema, settings);
      const plan = await makePlan(db, {
        settings: { ...settings, platformAdminEmail },
        now: new Date(),
        purpose: 'outline',
        adopt: false,
        marker: false,
      });
      session.found(plan.state);
      const owned = ownedTables(schema);
      const orphans: (string | number)[][] = [];
      for (const table of OWNED_TABLES) {
        if (owned.includes(table)) {
          const { neither, ownerOnly, teamOnly } = await countOrphans(db, table);
          orphans.push([table.name, neither + ownerOnly + teamOnly]);
        } else if (schema.has(table.name)) orphans.push([table.name, plan.rowsBefore.get(table.name) ?? 0]);
      }
      const history = await readHistory(db, schema);
      await db.dialect.endRead(db);
      const steps = plan.steps.map(({ id, title, statements }): StepReport => {
        return {
          id,
          title,
          status: statements.length > 0 ? 'planned' : 'already',
          rows: null,
          durationMs: 0,
        };
      });
      const done = isEmpty(plan);
      const left = orphans.some(([, n]) => n !== 0);
      return {
        exitCode: !done && options.exitCode === true ? ExitCode.findings : ExitCode.ok,
        steps,
        sections: [
          ...(orphans.length === 0 ? [] : [orphanSection(orphans)]),
          ...(options.history === true ? [historySection(history)] : []),
        ],
        warnings: [...plan.warnings, ...historyWarnings(history)],
        next: !done ? 'mcpgw migrate' : left ? 'mcpgw fix' : 'mcpgw verify',
      };
    });
  });
}

function orphanSection(rows: Section['rows']): Section {
  return { id: 'orphans', title: 'Rows without an owner or a team', columns: ['table', 'rows'], rows };
}
