/** The releases of the gateway that judge our work; the head revision each one brings a database to. */
export const GATEWAY_RELEASES = {
  '0.6.0': { head: '1fc1795f6983' },
  '0.7.0': { head: 'e182847d89e6' },
  '0.8.0': {},
  '0.9.0': {},
  '1.0.7': {},
} as const;
export type GatewayRelease = keyof typeof GATEWAY_RELEASES;
