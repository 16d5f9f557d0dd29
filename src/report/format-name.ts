/** The values of `--format`. Apart from `render.ts`, so that the command line can list them without chalk. */
export const FORMAT_NAMES = ['text', 'json', 'junit', 'markdown'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];
