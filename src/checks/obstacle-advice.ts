/** What to do about rows that a repair of ownership cannot mend, a sentence each. */
export function obstacleAdvice(collisions: number, unresolvable: number): string[] {
  return [
    ...(collisions > 0
      ? [
          'Where a name is taken, rename one of the two in the gateway, or choose another team or owner with --team and --owner.',
        ]
      : []),
    ...(unresolvable > 0
      ? [
          'Where the other half of a row says nothing (an owner without a personal team, a team or owner that does not exist), choose with --team or --owner.',
        ]
      : []),
  ];
}
