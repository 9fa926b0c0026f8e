/** What the page of a cross-validation is made of, as src/pages/cv/data.ts reads it. */
import type { FallenBack } from '../../../ledger/batch-record.ts';
import type { Check } from '../../../ledger/checks.ts';
import type { Run } from '../../../ledger/runs.ts';
import type { Verdict } from '../../../ledger/units.ts';
import type { BatchTrouble, JobCost } from '../../../pages/batches.ts';
import type { CvPlan } from '../planning/mode.ts';
import type { Candidate } from '../planning/selection.ts';
import type { Task } from './measures.ts';

export interface CvReport {
  run: Run;
  request: CvRequest;
  /** Null until the folds are prepared. */
  data: CvData | null;
  folds: CvFold[];
  fits: Fit[];
  /** The best first; what has no figure at all is not among them. */
  board: Candidate[];
  selection: Selection | null;
  /** Time series: the newest fold, which has no part in the choice; null where all folds have. */
  heldOut: number | null;
  /** What curves and reports are shown of: the chosen candidate, else the best. */
  shown: Candidate | null;
  /** All details of the shown candidate; the first others without strata. */
  details: FitDetail[];
  phases: { unit: string; verdict: Verdict; reason: string | null; startedAt: Date | null }[];
  verdicts: Partial<Record<Verdict, number>>;
  open: { fits: OpenFit[]; all: number; byLabel: { label: string; folds: number[] }[] };
  checks: (Check & { unit: string })[];
  stages: { model: string; fold: number; stage: string; seconds: number }[];
  /** How the fits are carried out; null until the first are sent. */
  plan: CvPlan | null;
  cost: JobCost[];
  troubles: { rows: BatchTrouble[]; all: number };
  fallbacks: FallenBack[];
}

export interface CvRequest {
  dataVersion: string | null;
  name: string;
  source: string;
  sourceSha256: string | null;
  task: Task;
  runType: string;
  /** As the original does it: the fold that stops the training scores it too. */
  parity: boolean;
  metric: string;
  folds: number;
  splitter: string;
  seed: number | null;
  threads: number | null;
  models: CvModel[];
  settings: Record<string, unknown>;
}

export interface CvModel {
  label: string;
  model: string;
  params: Record<string, unknown>;
  paramsHash: string;
}

export interface CvData {
  dataVersion: string;
  synthetic: boolean;
  rows: number;
  dropped: [reason: string, rows: number][];
  features: { name: string; kind: string; levels: number | null; missing: number }[];
  leftOut: { name: string; reason: string }[];
  warnings: string[];
  events: number | null;
  strata: StratumSummary[];
  classes: [name: string, rows: number][];
  /** Regression only. */
  target: { mean: number; deviation: number; min: number; max: number } | null;
  samples: Sample[];
  hazards: Hazard[] | null;
  settings: Record<string, unknown>;
  membershipSha256: string;
  versions: Record<string, unknown>;
  resultVersion: number;
  objectRoot: string;
  seconds: number;
  preparedAt: Date;
}

export interface StratumSummary {
  stratum: string;
  rows: number;
  events: number;
  medianTime: number | null;
}

export interface Sample {
  name: string;
  component: string | null;
  /** By row; what is missing is null. */
  values: (number | null)[];
}

export interface Hazard {
  column: string;
  chi2: number | null;
  p: number | null;
  pHolm: number | null;
  flagged: boolean;
}

export interface CvFold {
  fold: number;
  trainRows: number;
  testRows: number;
  trainEvents: number | null;
  testEvents: number | null;
  columns: number;
  /** First and last row of the file, from 0, where a fold is a range of rows. */
  train: [number, number] | null;
  test: [number, number] | null;
  tau: number | null;
  /** Rows of the test fold by class. */
  classes: [name: string, rows: number][];
}

export interface Fit {
  label: string;
  model: string;
  paramsHash: string;
  fold: number;
  status: 'complete' | 'failed';
  errorType: string | null;
  error: string | null;
  fitKey: string;
  params: Record<string, unknown>;
  /** By column of `cv_fits`; only those that it has. */
  figures: Record<string, number>;
  bestIteration: number | null;
  trainRows: number | null;
  testRows: number | null;
  seconds: number | null;
  cpuSeconds: number | null;
  peakMb: number | null;
  seed: number;
  threads: number;
  versions: Record<string, unknown>;
  attempt: number;
  fittedAt: Date;
  notes: string[];
}

export interface Selection {
  label: string;
  model: string;
  paramsHash: string;
  metric: string;
  reason: string;
  selectedAt: Date;
  refit: Record<string, unknown> | null;
}

export interface FitDetail {
  label: string;
  fold: number;
  grid: number[];
  tau: number | null;
  auc: (number | null)[];
  brier: (number | null)[];
  km: (number | null)[];
  meanSurvival: (number | null)[];
  horizons: Horizon[];
  strata: StratumCurves[];
  report: ClassReport[];
}

export interface Horizon {
  t: number;
  brier: number | null;
  auc: number | null;
  predicted: number | null;
  observed: number | null;
  calibration: { rows: number; predicted: number | null; observed: number | null }[];
}

export interface StratumCurves {
  stratum: string;
  rows: number;
  events: number;
  cindexTau: number | null;
  ibs: number | null;
  meanSurvival: (number | null)[];
  km: (number | null)[];
}

export interface ClassReport {
  name: string;
  precision: number | null;
  recall: number | null;
  f1: number | null;
  rows: number;
}

export interface OpenFit {
  unit: string;
  label: string | null;
  fold: number;
  verdict: Verdict;
  tries: number;
  failureType: string | null;
  reason: string | null;
}
