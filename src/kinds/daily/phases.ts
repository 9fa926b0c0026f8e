/** The phases of the daily pipeline in their order; each is one unit of its run. The page tells of all others. */
export const dailyPhases = [
  'prepare',
  'ingest',
  'prefilter',
  'metrics',
  'forecast',
  'filter',
  'allocate',
  'report',
] as const satisfies readonly [...string[], 'report'];
/** What a phase does is the same in every run, but for the one that waits for a person. */
export type WorkPhase = (typeof dailyPhases)[number] | 'fetch';
export type DailyPhase = WorkPhase | 'approval';

/** The same for data set `live`, whose data are fetched first. */
export const livePhases: readonly WorkPhase[] = ['prepare', 'fetch', ...dailyPhases.slice(1)];

/** The phases of a day on this data set, in their order; a run that asks a person does so before its page is written. */
export function phasesOf({
  dataset,
  approval,
}: {
  dataset?: string;
  approval?: boolean;
}): readonly DailyPhase[] {
  const phases = dataset === 'live' ? livePhases : dailyPhases;
  return approval === true
    ? phases.flatMap((phase) => (phase === 'report' ? (['approval', phase] as const) : phase))
    : phases;
}

/** The jobs of the pool pipeline, as their folders below spark/sevenfold_jobs are called. */
export type PoolJob = 'pool_ingest' | 'pool_metrics' | 'pool_forecast' | 'pool_evaluate';

export function isDailyPhase(unit: string): unit is WorkPhase {
  return (livePhases as readonly string[]).includes(unit);
}

/** Forcing a phase redoes everything after it. */
export function phasesToForce(request: {
  dataset?: string;
  approval?: boolean;
  force?: boolean;
  forcePhases?: readonly string[];
}): Set<DailyPhase> {
  const phases = phasesOf(request);
  if (request.force === true) return new Set(phases);
  const first = phases.findIndex((phase) => request.forcePhases?.includes(phase) === true);
  return new Set(first === -1 ? [] : phases.slice(first));
}
