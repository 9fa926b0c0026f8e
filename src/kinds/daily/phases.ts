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

/** The jobs of the pool pipeline, as their folders below spark/sevenfold_jobs are called. */
export type PoolJob = 'pool_ingest' | 'pool_metrics' | 'pool_forecast' | 'pool_evaluate';

export function isDailyPhase(unit: string): unit is DailyPhase {
  return (dailyPhases as readonly string[]).includes(unit);
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
