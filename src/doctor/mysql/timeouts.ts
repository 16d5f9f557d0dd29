import { judged } from './judged.ts';

/** The connection of a run says nothing while the backup is made, which may take this long. */
const WAIT_S = 600;

/** Limits under which a migration of a large database is cut off. What it sets itself is not looked at. */
export const timeouts = judged({
  id: 'database.timeouts',
  title: 'Long statements and pauses are allowed',
  level: 'warning',
  meaning:
    'On a large database the migration has statements that take minutes, and waits for its backup: the server would cut it off part-way.',
  command: '',
  judge({ variables }) {
    const seconds = Number(variables.get('max_statement_time') ?? 0);
    const milliseconds = Number(variables.get('max_execution_time') ?? 0);
    const wait = Number(variables.get('wait_timeout') ?? WAIT_S);
    const found = [
      ...(seconds > 0
        ? [[`max_statement_time is ${seconds} s`, 'SET GLOBAL max_statement_time = 0;'] as const]
        : []),
      ...(milliseconds > 0
        ? [[`max_execution_time is ${milliseconds / 1000} s`, 'SET GLOBAL max_execution_time = 0;'] as const]
        : []),
      ...(wait < WAIT_S
        ? [
            [
              `wait_timeout is ${wait} s, less than a backup may take`,
              `SET GLOBAL wait_timeout = ${WAIT_S};`,
            ] as const,
          ]
        : []),
    ];
    return {
      count: found.length,
      sample: found.map(([what]) => what),
      hint: 'Raise them for the time of the migration. A limit may also be one of the account (ALTER USER … WITH MAX_STATEMENT_TIME 0).',
      command: found.map(([, command]) => command).join(' '),
    };
  },
});
