/** What matters most about a day: what a reader must know before how well the rest was done, worst first. */
import type { DailyReport } from '../data.ts';
import { valueOf } from './portfolio.ts';

export type Concern =
  /** Money in tokens that lost their peg: it is kept, and may be worth less than its figure tomorrow. */
  | { kind: 'boxed'; usd: number; share: number; tokens: readonly string[] }
  /** Token prices took this much since the day before. */
  | { kind: 'lost'; usd: number; share: number }
  /** Money that was to leave a pool and could not. */
  | { kind: 'stuck'; usd: number; pools: number }
  /** Money that earns nothing. */
  | { kind: 'idle'; usd: number; share: number };

/** Shares of the assets from which on a reader should know. */
const worth = { boxed: 0.1, lost: 0.001, stuck: 0.001, idle: 0.25 };

/** The concerns of a day that has a decision, the most pressing first; most days have none. */
export function concernsOf(report: DailyReport): Concern[] {
  const { portfolio } = report;
  const { decision, boxed } = portfolio;
  const { total, idle } = valueOf(portfolio);
  if (decision === null || total <= 0) return [];
  const concerns: Concern[] = [];
  if (boxed.usd > worth.boxed * total) {
    concerns.push({ kind: 'boxed', usd: boxed.usd, share: boxed.usd / total, tokens: boxed.tokens });
  }
  const lost = -(decision.priceChangeUsd ?? 0);
  if (lost > worth.lost * total) concerns.push({ kind: 'lost', usd: lost, share: lost / total });
  const pools = stuckIn(report).length;
  if (stuckUsd(report) > worth.stuck * total) concerns.push({ kind: 'stuck', usd: stuckUsd(report), pools });
  // Idle tokens of the icebox are spoken of already.
  if (idle - boxed.idleUsd > worth.idle * total)
    concerns.push({ kind: 'idle', usd: idle, share: idle / total });
  return concerns;
}

function stuckIn({ phases }: DailyReport): { usd: number }[] {
  return (phases.find(({ unit }) => unit === 'allocate')?.detail['stuck'] ?? []) as { usd: number }[];
}

/** Dollars that were to leave a pool and could not. */
export function stuckUsd(report: DailyReport): number {
  return stuckIn(report).reduce((sum, { usd }) => sum + usd, 0);
}
