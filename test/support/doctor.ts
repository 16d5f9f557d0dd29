import { doctor } from '../../src/commands/doctor.ts';
import type { Io } from '../../src/commands/io.ts';
import type { CheckReport, Report } from '../../src/report/report.ts';
import { clientPath } from './client-path.ts';
import { reportIn } from './report-of.ts';
import { ADMIN } from './test-settings.ts';

export interface DoctorRequest {
  readonly repair?: boolean;
  readonly swap?: boolean;
  readonly accessTest?: boolean;
  readonly verbose?: boolean;
  /** Over the administrator of the tests; nothing comes from this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface DoctorAnswer {
  readonly report: Report;
  readonly stderr: string;
  /** The check of this id. @throws Error with all ids when there is none */
  of(id: string): CheckReport;
  /** Ids of everything that is no pass, in order. */
  readonly problems: readonly string[];
}

/** Runs `mcpgw doctor` in this process, with `--yes` for repairs. */
export async function askDoctor(url: string, request: DoctorRequest = {}): Promise<DoctorAnswer> {
  let stdout = '';
  let stderr = '';
  const io: Io = {
    env: {
      PLATFORM_ADMIN_EMAIL: ADMIN.email,
      PLATFORM_ADMIN_PASSWORD: ADMIN.password,
      DATABASE_URL: url,
      PATH: clientPath(url),
      ...request.env,
    },
    cwd: request.cwd ?? '/',
    argv: [],
    stdout: { write: (text) => (stdout += text), isTTY: false, columns: undefined },
    stderr: { write: (text) => (stderr += text), isTTY: false, columns: undefined },
    interactive: false,
    signal: new AbortController().signal,
  };
  const { repair, swap, accessTest, verbose } = request;
  await doctor(io, {
    format: 'json',
    color: false,
    yes: repair === true,
    repair: repair === true,
    swap: swap === true,
    accessTest: accessTest === true,
    verbose: verbose === true,
  });
  const report = reportIn(stdout, stderr);
  return {
    report,
    stderr,
    of(id) {
      const check = report.checks.find((each) => each.id === id);
      if (check === undefined) {
        throw new Error(`no ${id} among ${report.checks.map((each) => each.id).join(', ')}: ${stdout}`);
      }
      return check;
    },
    problems: report.checks.filter(({ status }) => status !== 'passed').map(({ id }) => id),
  };
}
