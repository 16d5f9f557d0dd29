// Loaded into the program with NODE_OPTIONS=--import: does something to the process at the Nth statement of a
// run. The program itself has no such switch; it only publishes what it executes.
//
//   MCPGW_HOOK_AT       which statement, from 1; 0 does nothing (and MCPGW_HOOK_LOG still counts)
//   MCPGW_HOOK_PHASE    `before` or `after` it
//   MCPGW_HOOK_MATCH    counts only statements that this regular expression matches; default: those that write
//   MCPGW_HOOK_SIGNAL   what the process sends to itself; none: it only waits
//   MCPGW_HOOK_WAIT_MS  blocks the process for so long afterwards
//   MCPGW_HOOK_UNTIL    blocks the process until there is a file of this name
//   MCPGW_HOOK_LOG      a file that gets each counted statement, a line each

import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, existsSync } from 'node:fs';

const { env } = process;
const WRITES = /^\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE|RENAME|COMMIT)\b/i;
const matches = env.MCPGW_HOOK_MATCH ? new RegExp(env.MCPGW_HOOK_MATCH, 'i') : WRITES;
const at = Number(env.MCPGW_HOOK_AT ?? 0);
const phase = env.MCPGW_HOOK_PHASE ?? 'before';
let count = 0;

subscribe('mcpgw:statement', (message) => {
  if (!matches.test(message.sql)) return;
  if (message.phase === 'before') {
    count++;
    if (env.MCPGW_HOOK_LOG) appendFileSync(env.MCPGW_HOOK_LOG, `${message.sql.replaceAll(/\s+/g, ' ')}\n`);
  }
  if (message.phase !== phase || count !== at) return;
  process.stderr.write(`[hook] ${phase} ${message.sql.slice(0, 60)}\n`);
  if (env.MCPGW_HOOK_SIGNAL) process.kill(process.pid, env.MCPGW_HOOK_SIGNAL);
  const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const waitMs = Number(env.MCPGW_HOOK_WAIT_MS ?? 0);
  if (waitMs > 0) block(waitMs);
  const until = env.MCPGW_HOOK_UNTIL;
  while (until && !existsSync(until)) block(10);
});
