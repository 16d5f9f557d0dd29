declare const MCPGW_VERSION: string | undefined;

/** The version of this program; put in by the build. */
export const VERSION = typeof MCPGW_VERSION === 'string' ? MCPGW_VERSION : '0.0.0-dev';
