import type { Day } from './days.ts';

/** The phases of the daily pipeline in their order; each is one unit of its run. */
export const dailyPhases = [
  'prepare',
  'ingest',
  'prefilter',
  'metrics',
  'forecast',
  'filter',
  'allocate',
  'report',
] as const;
export type DailyPhase = (typeof dailyPhases)[number];

/** What can be a unit of a run on pools: a phase, or a stretch of days that is evaluated. */
export type PoolUnit = DailyPhase | `days ${Day}..${Day}`;

/** The phases of a cross-validation; `fit` stands for many. */
export type CvUnit = 'folds' | 'fit' | 'select' | 'refit' | 'report';

export type ForecastUnit = 'train' | 'infer' | 'audit';

/** The jobs of the pool pipeline, as their folders below spark/sevenfold_jobs are called. */
export type PoolJob = 'pool_ingest' | 'pool_metrics' | 'pool_forecast' | 'pool_evaluate';

/** The jobs on prices that are one batch of their phase. */
export type PriceJob = 'price_import' | 'forecast_evaluate';

/** The jobs of a cross-validation that are one batch of their phase. */
export type CvJob = 'cv_prepare' | 'cv_refit';

export function isDailyPhase(unit: string): unit is DailyPhase {
  return (dailyPhases as readonly string[]).includes(unit);
}

/** The first and the last day of a unit that is a stretch of days. */
export function stretchOf(unit: PoolUnit): { firstDay: Day; lastDay: Day } | undefined {
  const match = /^days (\S+)\.\.(\S+)$/.exec(unit);
  return match ? { firstDay: match[1]!, lastDay: match[2]! } : undefined;
}

/** Forcing a phase redoes everything after it. */
export function phasesToForce(request: {
  force?: boolean;
  forcePhases?: readonly string[];
}): Set<DailyPhase> {
  if (request.force === true) return new Set(dailyPhases);
  const first = dailyPhases.findIndex((phase) => request.forcePhases?.includes(phase) === true);
  return new Set(first === -1 ? [] : dailyPhases.slice(first));
}
