/** What a page about forecasts is made of, as data.ts reads it. */
import type { FallenBack } from '../../../ledger/batch-record.ts';
import type { Check } from '../../../ledger/checks.ts';
import type { Run } from '../../../ledger/runs.ts';
import type { Verdict } from '../../../ledger/units.ts';
import type { BatchTrouble, JobCost } from '../../../pages/batches.ts';
import type { Day } from '../../../planning/days.ts';

/** What the page of a backfill, of a training or of an audit shows. */
export interface BackfillReport {
  run: Run;
  /** The phases alone: actuals, evaluate, report. */
  phases: ReportedPhase[];
  checks: (Check & { unit: string })[];
  commodity: Commodity;
  options: BackfillOptions;
  /** The dates' model versions, in the order asked for. */
  models: string[];
  totals: ModelTotals[];
  calendar: CalendarCells;
  /** What is not complete; `all` counts the ranges that are left out too. */
  open: { ranges: OpenRange[]; all: number };
  fans: FanDate[];
  /** Pooled over all dates; by day ahead; by period of the forecast's start. */
  scores: { all: Score[]; byDay: Score[]; byPeriod: Score[]; period: 'month' | 'quarter' | 'year' };
  evaluation: EvaluationRow[];
  windows: WindowTotals[];
  batches: BatchBar[];
  troubles: { rows: BatchTrouble[]; all: number };
  cost: JobCost[];
  /** Which engines were asked for in vain. */
  fallbacks: FallenBack[];
  stages: StageSeconds[];
}

export interface ReportedPhase {
  unit: string;
  verdict: Verdict;
  reason: string | null;
  startedAt: Date | null;
}

export interface Commodity {
  key: string;
  name: string;
  unit: string;
  synthetic: boolean;
  source: string;
}

export interface BackfillOptions {
  commodity: string;
  /** Keys, in the order asked for. */
  models: string[];
  trainFrequency: string;
  /** What was asked for; null where the run chose by itself. */
  start: Day | null;
  end: Day | null;
  paths: number;
  horizon: number;
  /** As they stand in the run's input, defaults filled in. */
  all: [name: string, value: string][];
}

export interface ModelTotals {
  modelVersion: string;
  dates: number;
  first: Day;
  last: Day;
  complete: number;
  partial: number;
  missing: number;
  failed: number;
  quarantined: number;
  skipped: number;
  rowsFound: number;
  rowsDue: number;
  /** Audits only: dates that were made again, by whether they gave the same bytes. */
  equal: number;
  different: number;
}

export type Granularity = 'day' | 'week' | 'month' | 'quarter' | 'year';

export interface CalendarCells {
  granularity: Granularity;
  cells: CalendarCell[];
}

/** A stretch of neighbouring cells with one verdict, within a year. */
export interface CalendarCell {
  modelVersion: string;
  year: number;
  first: Day;
  last: Day;
  dates: number;
  /** Dates that are neither complete nor skipped: fewer than `dates` only where a cell is more than a day. */
  open: number;
  verdict: Verdict;
  found: number;
  due: number;
  reason: string | null;
}

export interface OpenRange {
  kind: 'date' | 'window';
  modelVersion: string;
  first: Day;
  last: Day;
  dates: number;
  verdict: Verdict;
  found: number;
  due: number;
  reason: string | null;
  failureType: string | null;
  tries: number;
  /** The first of its units. */
  unit: string;
}

export interface FanDate {
  date: Day;
  why: FanReason[];
  /** The last closes before, oldest first. */
  history: { date: Day; close: number }[];
  fans: ModelFan[];
}

export interface FanReason {
  role: 'first' | 'miss' | 'unusual' | 'last';
  /** The mean CRPS of a miss, the last move of an unusual origin. */
  figure: number | null;
  /** That move in deviations of one step. */
  ratio: number | null;
}

export interface ModelFan {
  modelVersion: string;
  /** Quantiles 2.5, 10, 25, 50, 75, 90, 97.5 %. */
  days: { date: Day; quantiles: number[]; actual: number | null }[];
}

export interface Score {
  modelVersion: string;
  dayAhead: number | null;
  period: Day | null;
  points: number;
  known: number;
  mae: number | null;
  rmse: number | null;
  persistence: number | null;
  crps: number | null;
  cover80: number | null;
  cover95: number | null;
  /** Share of closes at or below each quantile; not a number where none is known. */
  reached: number[];
}

export interface EvaluationRow {
  modelVersion: string;
  horizon: number;
  forecasts: number;
  days: number;
  mae: number | null;
  rmse: number | null;
  crps: number | null;
  cover80: number | null;
  cover95: number | null;
  naiveMae: number | null;
  skillMae: number | null;
  skillCrps: number | null;
  dmP: number | null;
  maeAlert: boolean;
}

export interface WindowTotals {
  modelVersion: string;
  /** Without those that were skipped. */
  windows: number;
  whole: number;
  /** Since the run was opened; the others were there. */
  trained: number;
  first: Day;
  last: Day;
  fewestRows: number | null;
  mostRows: number | null;
  seconds: number | null;
  largestBytes: number | null;
  asObjects: number;
}

/** A batch, or several that began together, in seconds since the run's newest start. */
export interface BatchBar {
  job: string;
  lane: string;
  unit: string;
  attempt: number;
  batches: number;
  failed: number;
  /** Went through, but some of their dates or windows failed. */
  partly: number;
  cancelled: number;
  open: number;
  errorType: string | null;
  message: string | null;
  watchers: number;
  begun: number;
  ended: number;
}

export interface StageSeconds {
  job: string;
  stage: string;
  seconds: number;
}
