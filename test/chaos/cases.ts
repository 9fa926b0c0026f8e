import { batchFailpoints, fetchFailpoints, fitFailpoints } from '../../src/failpoints.ts';
import type { FailpointName } from '../../src/failpoints.ts';
import type { TrainingPhase } from '../../src/kinds/training/phases.ts';

/** Everything that may be killed while a run is under way. */
export const victims = ['worker', 'jvm', 'job', 'postgres', 'temporal', 'supervisor'] as const;
export type Victim = (typeof victims)[number];

/** Who can be killed while an activity works by itself, without a batch. */
const outsideOfBatches = ['worker', 'postgres', 'temporal', 'supervisor'] as const;

/** What is under way: a live day's fetching, a day up to its metrics, the rest of it, a backfill, a cross-validation, a training. */
export type Pipeline = 'fetching' | 'metrics' | 'second half' | 'backfill' | 'cross-validation' | 'training';

export interface KillCase {
  pipeline: Pipeline;
  victim: Victim;
  point: FailpointName;
  /** Phase of the second half of a day, or of a training. */
  phase?: 'forecast' | 'allocate' | TrainingPhase;
  /** Execution mode of a cross-validation. */
  mode?: 'mp' | 'spark_local';
  /** Whether each run of the suite has it: every victim in some pipeline, and for each pipeline a kill a phase. */
  core: boolean;
}

/** Before a batch exists there is no process of it that could be killed. */
const isPossible = (victim: Victim, point: FailpointName): boolean =>
  victim !== 'job' || (point !== 'before-create' && point !== 'after-create');

function product(
  pipeline: Pipeline,
  points: readonly FailpointName[],
  core: (victim: Victim, point: FailpointName) => boolean,
  by: readonly Victim[] = victims,
): KillCase[] {
  return by.flatMap((victim) =>
    points
      .filter((point) => isPossible(victim, point))
      .map((point) => ({ pipeline, victim, point, core: core(victim, point) })),
  );
}

const fetching = product('fetching', fetchFailpoints, (_, point) => point === 'fetch-stored', ['worker']);

// The victims that no other pipeline's core has, and the JVM, of which Spark's own work is in no other.
const metrics = product('metrics', batchFailpoints, (victim, point) =>
  ['jvm mid-copy', 'temporal mid-copy', 'supervisor mid-copy'].includes(`${victim} ${point}`),
);

const secondHalf = [
  ...product(
    'second half',
    ['forecast-fitted', 'before-commit', 'after-commit'],
    (victim, point) => victim === 'jvm' && point === 'forecast-fitted',
  ).map((each) => ({ ...each, phase: 'forecast' as const })),
  ...product(
    'second half',
    ['allocate-solved', 'allocate-before-commit'],
    (victim, point) => victim === 'postgres' && point === 'allocate-before-commit',
    outsideOfBatches,
  ).map((each) => ({ ...each, phase: 'allocate' as const })),
  ...product(
    'second half',
    ['report-written', 'notify-before-claim', 'notify-sent'],
    (victim, point) => victim === 'worker' && point === 'notify-sent',
    outsideOfBatches,
  ).map((each) => ({ ...each, phase: 'report' as const })),
];

const backfill = product(
  'backfill',
  batchFailpoints,
  (victim, point) => victim === 'worker' && point === 'mid-copy',
);

// A fit copies nothing.
const fitPoints = [...batchFailpoints, ...fitFailpoints].filter((point) => point !== 'mid-copy');
const crossValidation = (['mp', 'spark_local'] as const).flatMap((mode) =>
  // Where no JVM works, none can be killed.
  product(
    'cross-validation',
    fitPoints,
    (victim, point) => mode === 'mp' && victim === 'job' && point === 'before-commit',
    mode === 'mp' ? victims.filter((victim) => victim !== 'jvm') : victims,
  ).map((each) => ({ ...each, mode })),
);

// Fits meet every point; the phases that are one batch each, those at which their own job may go away.
const training = [
  ...(['profile', 'split', 'select', 'refit', 'evaluate', 'explain'] as const).flatMap((phase) =>
    product(
      'training',
      ['batch-running', 'before-commit', 'after-commit'],
      (_, point) => phase === 'refit' && point === 'before-commit',
      ['job'],
    ).map((each) => ({ ...each, phase })),
  ),
  ...product('training', fitPoints, (victim, point) => `${victim} ${point}` === 'worker fit-running', [
    'worker',
    'job',
  ]).map((each) => ({ ...each, phase: 'fit' as const })),
  ...product('training', ['fit-running', 'before-commit'], () => false, [
    'postgres',
    'temporal',
    'supervisor',
  ]).map((each) => ({ ...each, phase: 'fit' as const })),
  ...product('training', ['report-written'], () => false, ['worker']).map((each) => ({
    ...each,
    phase: 'report' as const,
  })),
];

/** Every victim at every point of every pipeline. */
export const killCases: readonly KillCase[] = [
  ...fetching,
  ...metrics,
  ...secondHalf,
  ...backfill,
  ...crossValidation,
  ...training,
];

export function titleOf({ pipeline, victim, point, phase, mode }: KillCase): string {
  switch (pipeline) {
    case 'fetching':
    case 'metrics':
      return `${victim} killed at ${point}`;
    case 'second half':
    case 'training':
      return `${victim} killed in ${phase} at ${point}`;
    case 'backfill':
      return `${victim} killed at ${point} of a chunk`;
    case 'cross-validation':
      return `${victim} killed at ${point} of a fit, mode ${mode}`;
  }
}
