/**
 * What a filter says of a pool. A reason is `kind: particulars`, so that reasons can be counted by what stands before the
 * colon.
 */
export interface Judgement {
  poolId: string;
  passed: boolean;
  /** In the order of the checks; empty for a pool that passed. */
  reasons: string[];
  /** The same in one text; null for a pool that passed. */
  reason: string | null;
}

/** Each reason once: a pool may list a token twice. What the source wrote must not look like two reasons. */
export function judgement(poolId: string, found: readonly string[]): Judgement {
  const reasons = [...new Set(found.map((reason) => reason.replaceAll(';', ',')))];
  return {
    poolId,
    passed: reasons.length === 0,
    reasons,
    reason: reasons.length === 0 ? null : reasons.join('; '),
  };
}

/** What stands before the colon of each reason: by this they are counted. */
export function reasonKinds(joined: string): string[] {
  return [...new Set(joined.split('; ').map((reason) => reason.split(': ', 1)[0] ?? reason))];
}

/** As reasons write an amount: $40,000 */
export function dollars(amount: number): string {
  return `$${Math.round(amount).toLocaleString('en-US')}`;
}
