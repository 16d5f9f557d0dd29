/** How long a command that only shows something waits for a locked table, before it says who has it. */
export const PATIENCE_MS = 3_000;
