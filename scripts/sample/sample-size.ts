/** How many rows of each kind a sample database has. */
export interface SampleSize {
  readonly tools: number;
  readonly resources: number;
  readonly servers: number;
  readonly prompts: number;
  readonly gateways: number;
  readonly agents: number;
  /** Over all five metrics tables. */
  readonly metrics: number;
  readonly seed: number;
}

/** What a first look at the program needs. */
export const SMALL_SAMPLE: SampleSize = {
  tools: 60,
  resources: 25,
  servers: 8,
  prompts: 12,
  gateways: 5,
  agents: 3,
  metrics: 400,
  seed: 1,
};

/**
 * The size that speed is measured at, or one of the same proportions.
 *
 * @param tools 100 000 is the size of the marks
 */
export function benchmarkSample(tools: number): SampleSize {
  const share = (count: number) => Math.max(1, Math.round((count * tools) / 100_000));
  return {
    tools,
    resources: share(25_000),
    servers: share(10_000),
    prompts: share(10_000),
    gateways: share(2_000),
    agents: share(2_000),
    metrics: share(500_000),
    seed: 1,
  };
}
