import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Calls `then` once, just before this process sends a statement like that. */
export function beforeStatement(like: RegExp, then: () => void): void {
  const listen = (message: unknown) => {
    const { phase, sql } = message as { phase: string; sql: string };
    if (phase !== 'before' || !like.test(sql)) return;
    unsubscribe('mcpgw:statement', listen);
    then();
  };
  subscribe('mcpgw:statement', listen);
}
