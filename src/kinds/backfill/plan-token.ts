import { createHash } from 'node:crypto';
import type { PlanFacts } from './planning/plan.ts';

/** The same facts have the same token, in whatever order their fields stand. */
export function planToken(facts: PlanFacts): string {
  return createHash('sha256').update(canonical(facts)).digest('hex').slice(0, 12);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
