import { gatewayPython } from '../gateway/python.ts';
import { GATEWAY_RELEASES, type GatewayRelease } from '../gateway/releases.ts';

export interface ObtainedGateways {
  /** What tests need in their environment to use them. */
  readonly environment: Readonly<Record<string, string>>;
  /** One line: which releases are there, or why one is not. */
  readonly line: string;
  readonly missing: readonly string[];
}

/** Those that `npm test` needs in CI; the others take part in `npm run test:gateway`. */
const SHORT: readonly GatewayRelease[] = ['0.6.0', '0.7.0'];

/**
 * The releases of the real gateway that the tests are judged by, installed where they are not there yet, one after
 * the other. The first that cannot be had ends it: the others would fail for the same reason.
 */
export async function obtainGateways(wanted: 'none' | 'short' | 'all'): Promise<ObtainedGateways> {
  const label = 'gateway   ';
  if (wanted === 'none') {
    return { environment: {}, line: `${label} not asked for: npm run test:gateway`, missing: [] };
  }
  const releases = wanted === 'short' ? SHORT : (Object.keys(GATEWAY_RELEASES) as GatewayRelease[]);
  try {
    for (const release of releases) await gatewayPython(release);
    const line = `${label} runs: the real gateway ${releases.join(', ')}, from PyPI`;
    return { environment: { TEST_GATEWAYS: releases.join(',') }, line, missing: [] };
  } catch (error) {
    return {
      environment: {},
      line: `${label} DOES NOT RUN: ${(error as Error).message}`,
      missing: ['gateway'],
    };
  }
}
