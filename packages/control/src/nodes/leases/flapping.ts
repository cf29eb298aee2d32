/** A node that keeps falling silent gets no new work for a while: what is placed there would only move again. */
export interface FlappingRule {
  readonly returns: number;
  readonly withinMs: number;
  readonly quarantineMs: number;
  readonly maxQuarantineMs: number;
}

export const flappingRule: FlappingRule = {
  returns: 6,
  withinMs: 600_000,
  quarantineMs: 60_000,
  maxQuarantineMs: 1_800_000,
};

/**
 * How long to keep new work away from a node that has just come back from being unreachable, 0 when there is no
 * need. Each return beyond the allowed number doubles it.
 *
 * @param returns monotonic times of its returns, this one last
 */
export function quarantineFor(
  returns: readonly number[],
  now: number,
  rule: FlappingRule = flappingRule,
): number {
  const recent = returns.filter((at) => now - at < rule.withinMs).length;
  if (recent < rule.returns) return 0;
  return Math.min(rule.maxQuarantineMs, rule.quarantineMs * 2 ** (recent - rule.returns));
}
