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
export type DailyPhase = (typeof dailyPhases)[number] | 'fetch';

/** The same for data set `live`, whose data are fetched first. */
export const livePhases: readonly DailyPhase[] = ['prepare', 'fetch', ...dailyPhases.slice(1)];

/** The phases of a day on this data set, in their order. */
export function phasesOf({ dataset }: { dataset?: string }): readonly DailyPhase[] {
  return dataset === 'live' ? livePhases : dailyPhases;
}

/** The jobs of the pool pipeline, as their folders below spark/sevenfold_jobs are called. */
export type PoolJob = 'pool_ingest' | 'pool_metrics' | 'pool_forecast' | 'pool_evaluate';

export function isDailyPhase(unit: string): unit is DailyPhase {
  return (livePhases as readonly string[]).includes(unit);
}

/** Forcing a phase redoes everything after it. */
export function phasesToForce(request: {
  dataset?: string;
  force?: boolean;
  forcePhases?: readonly string[];
}): Set<DailyPhase> {
  const phases = phasesOf(request);
  if (request.force === true) return new Set(phases);
  const first = phases.findIndex((phase) => request.forcePhases?.includes(phase) === true);
  return new Set(first === -1 ? [] : phases.slice(first));
}
