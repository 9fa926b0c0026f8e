/** What kinds of runs add to the command line. A kind adds its line. */
import { registerForecastRuns } from './backfill/command.ts';
import { registerForecastCopy } from './backfill/copy-command.ts';
import { registerForecasts } from './backfill/evaluate-command.ts';
import { registerBackfillPlan } from './backfill/plan-command.ts';
import { registerCvRuns } from './cross-validation/command.ts';
import { registerDailyRuns } from './daily/command.ts';
import { registerPoolEvaluation } from './evaluation/command.ts';
import { registerTrainingRuns } from './training/command.ts';
import { registerTrainingPlan } from './training/plan-command.ts';

/** Adds to `run`. */
export const runCommands = [registerDailyRuns, registerForecastRuns, registerCvRuns, registerTrainingRuns];

/** Adds to `plan`. */
export const planCommands = [registerBackfillPlan, registerTrainingPlan];

/** Adds to `evaluate`. */
export const evaluateCommands = [registerForecasts, registerPoolEvaluation];

/** Adds to `copy`. */
export const copyCommands = [registerForecastCopy];
