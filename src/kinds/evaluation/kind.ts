import { count } from '../../pages/format.ts';
import { isSampleKey } from '../../planning/dataset-key.ts';
import { evaluationPriority } from '../../planning/priorities.ts';
import { datasetKey } from '../daily/input.ts';
import { phases as dailyPhases } from '../daily/kind.ts';
import { isDailyPhase } from '../daily/phases.ts';
import { readsOfStretch } from '../daily/reads.ts';
import type { Kind, Phase } from '../kind.ts';
import { bySql } from '../phase.ts';
import { dayOf, fixedDay, refusalOf } from '../start.ts';
import { phaseStatement } from '../statement.ts';
import { evaluationKey, parseEvaluationInput } from './input.ts';
import type { EvaluationInput } from './input.ts';
import { stretchOf } from './phases.ts';
import type { PoolUnit } from './phases.ts';

/** How good the forecasts of the last days would have been: a walk over them, each refitted as its own run would have. */
export const evaluation: Kind = {
  name: 'evaluatePools',
  title: 'evaluation of pool forecasts',
  priority: evaluationPriority,
  refusal: (input) => fixedDay('evaluatePools', input) ?? refusalOf(parseEvaluationInput(input)),
  takesDataset: true,
  scheduledKey: (input, nominalTime) =>
    evaluationKey(input as unknown as EvaluationInput, dayOf(nominalTime)),
  isSample: (input) => isSampleKey(datasetKey(input as unknown as EvaluationInput)),
  // The data first, as a daily run has them; then stretches of days.
  phase: (unit) => (isDailyPhase(unit) ? dailyPhases[unit] : stretch(unit)),
  counts: async (database, run) => {
    const evaluated = await database.query<Record<string, number>>(
      `select count(distinct date) as days, coalesce(max(pools), 0) as pools,
              (select count(*) from batches where run_id = $1) as batches
         from forecast_evaluation_days where run_id = $1`,
      [run.runId],
    );
    return evaluated.rows[0]!;
  },
  statement: async (_, run, ending) => phaseStatement(run, ending, `${ending.counts['days']} days evaluated`),
  finish: async (_, __, counts) => ({ figures: [`${count(counts['days'] ?? 0)} days evaluated`] }),
};

const daysAreWhole = bySql(new URL('sql/days.sql', import.meta.url));

function stretch(unit: string): Phase | undefined {
  const days = stretchOf(unit as PoolUnit);
  return (
    days && {
      reads: readsOfStretch,
      whole: (world, run) => daysAreWhole(world, run, days.firstDay, days.lastDay),
    }
  );
}
