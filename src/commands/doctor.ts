import { isProblem } from '../checks/run-check.ts';
import type { Checked } from '../doctor/check-and-plan.ts';
import type { DoctorContext } from '../doctor/context.ts';
import { nextAfter } from '../doctor/next-after.ts';
import { runDoctor } from '../doctor/run-doctor.ts';
import { ExitCode, errorText, GatewayError } from '../errors.ts';
import { advise, type Command, mcpgw, nextIn, type Text } from '../report/advice.ts';
import { printable } from '../report/printable.ts';
import type { DraftCheck, DraftSection, StepReport } from '../report/report.ts';
import { askOnTerminal } from './confirm.ts';
import { doctorContext } from './doctor-context.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { type Session, sessionOf } from './session.ts';
import { withExistingDatabase } from './with-existing-database.ts';

export interface DoctorOptions extends GlobalOptions {
  readonly repair?: boolean;
  readonly yes?: boolean;
  readonly swap?: boolean;
  readonly accessTest?: boolean;
  readonly list?: boolean;
}

/** Finds out why a database does not work, and with `--repair` repairs what can be repaired without loss. */
export function doctor(io: Io, options: DoctorOptions): Promise<ExitCode> {
  return runCommand('doctor', io, options, async ({ open }) => {
    if (options.list === true) {
      const { listChecks } = await import('../doctor/list-checks.ts');
      return { exitCode: ExitCode.ok, sections: [await listChecks()] };
    }
    refuseWithoutRepair(options);
    const { context, session } = await prepare(io, options);
    if (session !== null) open(session);
    if (options.repair === true && options.yes !== true && !io.interactive) throw nobodyToAsk(options);
    let release: string | null = null;
    const look = async () => {
      const { noProgress } = await import('../progress.ts');
      const result = await runDoctor(
        context,
        { accessTest: options.accessTest === true },
        session?.progress ?? noProgress,
      );
      release = result.release?.release ?? null;
      if (result.release !== null) session?.found(result.release);
      return result.checked;
    };
    const before = await look();
    const repairable = before.filter(({ repair }) => repair !== null);
    const found = before.map(({ report }) => report);
    if (options.repair !== true || session === null || repairable.length === 0) {
      const warnings = options.repair === true ? nothingRepaired(found) : [];
      return { ...outcome(found, release), warnings };
    }
    const { steps, sections, warnings, next } = await repairAll(session, options, repairable);
    if (steps.length === 0) return outcome(found, release);
    const after = (await look()).map(({ report }) => report);
    const ended = outcome(
      after.map((report) => counted(report, before)),
      release,
    );
    // What a repair leaves to be said, such as --swap, goes before what is found again because it was not said.
    const said = sections
      .flatMap(({ rows }) => rows.flat())
      .map((cell) => (typeof cell === 'number' ? undefined : nextIn(cell)));
    return {
      // Losses are findings, even where what is left is sound.
      exitCode: warnings.length > 0 ? ExitCode.findings : ended.exitCode,
      checks: ended.checks,
      steps,
      sections,
      warnings,
      next: next ?? said.find((command) => command !== undefined) ?? ended.next,
    };
  });
}

function refuseWithoutRepair({ repair, yes, swap }: DoctorOptions): void {
  if (repair === true || (yes !== true && swap !== true)) return;
  throw new GatewayError('USAGE', `${swap === true ? '--swap' : '--yes'} goes with --repair.`, {
    hint: advise`To repair what can be repaired, run: ${mcpgw('doctor', '--repair')}`,
  });
}

/** `--repair` that changed nothing must not pass for one that did. */
function nothingRepaired(checks: readonly DraftCheck[]): string[] {
  if (checks.every(({ status }) => status === 'passed')) return [];
  return ['Nothing was repaired: what was found is nothing that --repair can do.'];
}

function nobodyToAsk({ swap }: DoctorOptions): GatewayError {
  const repair = mcpgw('doctor', '--repair', '--yes', ...(swap === true ? ['--swap'] : []));
  return new GatewayError('CONFIRMATION', 'There is no terminal to ask on.', {
    hint: advise`See what it would repair with: ${mcpgw('doctor')}\nThen repair it with: ${repair}\nNothing was changed.`,
  });
}

async function prepare(
  io: Io,
  options: DoctorOptions,
): Promise<{ context: DoctorContext; session: Session | null }> {
  const known = doctorContext(io, options);
  const { target } = known.inspected;
  const loaded = target === null ? null : await withExistingDatabase({ ...known.inspected, target });
  const inspected = { ...known.inspected, ...loaded };
  const session = loaded === null ? null : sessionOf(io, options, loaded);
  const context: DoctorContext = {
    ...known,
    inspected,
    connect(access, use) {
      if (session === null) throw new GatewayError('INTERNAL', 'There is no database to connect to.');
      return session.connect({ access, retries: 0 }, use);
    },
  };
  return { context, session };
}

interface Repaired {
  readonly steps: readonly StepReport[];
  readonly sections: readonly DraftSection[];
  /** What was lost, or may be. */
  readonly warnings: readonly Text[];
  /** What the repairs ask to be run next. */
  readonly next: Command | undefined;
}

/** Shows each repair, asks, and does it. One that fails leaves the others to be done. */
async function repairAll(
  session: Session,
  options: DoctorOptions,
  repairable: readonly Checked[],
): Promise<Repaired> {
  const { io, progress } = session;
  const steps: StepReport[] = [];
  const sections: DraftSection[] = [];
  const warnings: Text[] = [];
  let next: Command | undefined;
  for (const { report, repair } of repairable) {
    if (repair === null) continue;
    io.signal.throwIfAborted();
    // With --quiet as well: nobody can answer a question without knowing what it is about.
    const tell = (line: string) =>
      void (options.yes === true ? progress.log(line) : io.stderr.write(`${printable(line)}\n`));
    tell(`${report.id}: ${report.findings[0] ?? report.title}`);
    for (const line of repair.summary) tell(`- ${line}`);
    if (options.yes !== true && !(await ask('Repair this now?'))) continue;
    const since = performance.now();
    const step = { id: report.id, title: repair.summary[0] ?? report.title, rows: null };
    try {
      const done = await repair.run({
        log: (line) => progress.log(line),
        async maySwap(question, facts = []) {
          if (options.swap === true || options.yes === true) return options.swap === true;
          for (const line of facts) tell(line);
          return ask(question);
        },
        warn: (line) => warnings.push(line),
        goOn(command) {
          next ??= command;
        },
        signal: io.signal,
      });
      sections.push(told(report, done));
      steps.push({ ...step, status: 'done', durationMs: performance.now() - since });
    } catch (error) {
      const { message, hint } =
        error instanceof GatewayError ? error : { message: errorText(error), hint: '' };
      sections.push(told(report, [`It failed: ${message}`, hint]));
      steps.push({ ...step, status: 'failed', durationMs: performance.now() - since });
    }
    progress.done();
  }
  return { steps, sections, warnings, next };
}

function ask(question: string): Promise<boolean> {
  return askOnTerminal(question, 'without --repair the doctor only looks');
}

/** What a repair did, as plain lines. */
function told(report: DraftCheck, lines: readonly Text[]): DraftSection {
  const rows = lines.filter((line) => line !== '').map((line) => [line]);
  return { id: `repair.${report.id}`, title: `Repair of ${report.id}`, columns: [''], rows };
}

function outcome(checks: readonly DraftCheck[], release: string | null) {
  const clean = !checks.some(isProblem);
  return {
    exitCode: clean ? ExitCode.ok : ExitCode.findings,
    checks,
    next: nextAfter(checks, release),
  };
}

/** How much of what was found the repairs took away. */
function counted(report: DraftCheck, before: readonly Checked[]): DraftCheck {
  const earlier = before.find((checked) => checked.report.id === report.id)?.report;
  if (earlier === undefined || !earlier.fixable) return report;
  return {
    ...report,
    repaired: Math.max(0, earlier.count - report.count),
    remaining: report.count,
  };
}
