import { parseAuditInput, parseBackfillInput, parseTrainInput } from '../planning/backfill-input.ts';
import type { AuditInput, BackfillInput, TrainInput } from '../planning/backfill-input.ts';
import { auditKey, backfillKey, trainKey } from '../planning/backfill-key.ts';
import { parseCvInput } from '../planning/cv-input.ts';
import type { CvInput } from '../planning/cv-input.ts';
import { cvKey } from '../planning/cv-key.ts';
import { addDays } from '../planning/days.ts';
import { datasetKey, isSampleKey, parseDailyInput, runKey } from '../planning/daily-input.ts';
import type { DailyInput } from '../planning/daily-input.ts';
import { evaluationKey, parseEvaluationInput } from '../planning/evaluation-input.ts';
import { importKey, parseImportInput } from '../planning/import-input.ts';
import type { ImportInput } from '../planning/import-input.ts';
import { parseSweepInput } from '../planning/sweep-input.ts';
import type { EvaluationInput } from '../planning/evaluation-input.ts';
import type * as workflows from '../workflows/index.ts';
import { backfillPriority, dailyPriority, evaluationPriority } from '../workflows/options.ts';

/** What must be known of a workflow to run it by the clock. */
export interface SchedulableWorkflow {
  /** By the guards of the workflow itself: why it would refuse this input, in one line; undefined when it would not. */
  refusal(input: Record<string, unknown>): string | undefined;
  /** The input has a data set, which is the installation's own where none is given. */
  takesDataset: boolean;
  /** Its runs are found in the ledger by this key, whoever started them; undefined: by the workflow id alone. */
  runKey?(input: Record<string, unknown>, nominalTime: Date): string;
  /** Made from generated data, of which nothing leaves the machine. */
  isSample(input: Record<string, unknown>): boolean;
  priority: number;
  /** It keeps no row in `runs`: Temporal alone knows whether it ran, so no deadline can be watched. */
  outsideLedger?: true;
}

/** One entry for each workflow of src/workflows/index.ts. */
export type WorkflowName = keyof typeof workflows;

export const schedulableWorkflows: Record<WorkflowName, SchedulableWorkflow> = {
  crossValidation: {
    refusal: (input) => messageOf(parseCvInput(input)),
    takesDataset: false,
    runKey: (input) => cvKey(checked<CvInput>(input)),
    // Whether the data was generated is known once its file is read.
    isSample: () => false,
    priority: backfillPriority,
  },
  dailyPipeline: {
    refusal: (input) => fixedDay('dailyPipeline', input) ?? messageOf(parseDailyInput(input)),
    takesDataset: true,
    runKey: (input, nominalTime) => runKey(checked<DailyInput>(input), dayOf(nominalTime)),
    isSample: (input) => isSampleKey(datasetKey(checked<DailyInput>(input))),
    priority: dailyPriority,
  },
  evaluatePools: {
    refusal: (input) => fixedDay('evaluatePools', input) ?? messageOf(parseEvaluationInput(input)),
    takesDataset: true,
    runKey: (input, nominalTime) => evaluationKey(checked<EvaluationInput>(input), dayOf(nominalTime)),
    isSample: (input) => isSampleKey(datasetKey(checked<EvaluationInput>(input))),
    priority: evaluationPriority,
  },
  forecastBackfill: {
    refusal: (input) => messageOf(parseBackfillInput(input)),
    takesDataset: false,
    runKey: (input, nominalTime) => backfillKey(checked<BackfillInput>(input), dayBefore(nominalTime)),
    isSample: isSampleSeries,
    priority: backfillPriority,
  },
  trainForecastModels: {
    refusal: (input) => messageOf(parseTrainInput(input)),
    takesDataset: false,
    runKey: (input, nominalTime) => trainKey(checked<TrainInput>(input), dayBefore(nominalTime)),
    isSample: isSampleSeries,
    priority: backfillPriority,
  },
  auditForecasts: {
    refusal: (input) => messageOf(parseAuditInput(input)),
    takesDataset: false,
    runKey: (input, nominalTime) => auditKey(checked<AuditInput>(input), dayBefore(nominalTime)),
    isSample: isSampleSeries,
    priority: backfillPriority,
  },
  sweepBatches: {
    refusal: (input) => messageOf(parseSweepInput(input)),
    takesDataset: false,
    isSample: () => false,
    priority: backfillPriority,
    outsideLedger: true,
  },
  importPrices: {
    refusal: (input) => messageOf(parseImportInput(input)),
    takesDataset: false,
    runKey: (input) => importKey(checked<ImportInput>(input)),
    isSample: (input) => input['sample'] === true,
    priority: backfillPriority,
  },
};

/** The generated series of config/prices/SAMPLE.json. */
function isSampleSeries(input: Record<string, unknown>): boolean {
  return String(input['commodity']).toUpperCase() === 'SAMPLE';
}

/** The newest day that is over when a run is meant to start: what `end: yesterday` means. */
function dayBefore(nominalTime: Date): string {
  return addDays(dayOf(nominalTime), -1);
}

/** A run by the clock works on the day of its nominal time; a fixed day would be done once and never again. */
function fixedDay(workflow: string, input: Record<string, unknown>): string | undefined {
  return input['date'] === undefined
    ? undefined
    : `Input of ${workflow}: date is the day of the nominal time in a schedule. Leave it out.`;
}

function messageOf(parsed: { ok: true } | { ok: false; message: string }): string | undefined {
  return parsed.ok ? undefined : parsed.message;
}

/** Only what `refusal` let pass gets here. */
function checked<Input>(input: Record<string, unknown>): Input {
  return input as Input;
}

function dayOf(nominalTime: Date): string {
  return nominalTime.toISOString().slice(0, 10);
}

export function isWorkflowName(name: string): name is WorkflowName {
  return Object.hasOwn(schedulableWorkflows, name);
}
