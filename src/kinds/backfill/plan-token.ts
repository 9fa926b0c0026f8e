import { hash } from '../digest.ts';
import type { PlanFacts } from './planning/plan.ts';

/** The same facts have the same token, in whatever order their fields stand. */
export function planToken(facts: PlanFacts): string {
  return hash(facts, 12);
}
