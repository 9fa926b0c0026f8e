import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dependencies } from './dependencies.ts';
import { Failure } from '../failures.ts';
import { isOpenInTemporal } from '../open-in-temporal.ts';
import type { Claimant, RunStatus } from '../ledger/runs.ts';
import * as ledger from '../ledger/runs.ts';
import { giveVerdict, layOutUnits, readUnits } from '../ledger/units.ts';
import { tallyUnits } from '../ledger/chunks.ts';
import { cvStatement } from '../ledger/cv-statement.ts';
import { countsOf } from '../ledger/counts.ts';
import { unitRanges } from '../ledger/unit-ranges.ts';
import { forecastStatement } from '../planning/forecast-statement.ts';
import type { DailyInput, Source } from '../planning/daily-input.ts';
import { datasetKey } from '../planning/daily-input.ts';
import type { EvaluationInput } from '../planning/evaluation-input.ts';
import type { ImportInput } from '../planning/import-input.ts';
import type { PoolUnit } from '../planning/phases.ts';
import type { Mode, PlacementInput } from '../planning/placement-input.ts';

export interface OpenRunInput extends Claimant {
  /** The workflow type. */
  kind: string;
  key: string;
  date: string;
  input: DailyInput | EvaluationInput;
  units: readonly PoolUnit[];
  priority: number;
}

/**
 * Claims the key for this workflow and lays out the run's units. Safe to repeat: the holder claims what it already
 * holds. A folder that cannot be right is refused before anything is written.
 */
export async function openRun(
  deps: Dependencies,
  opening: OpenRunInput,
): Promise<{ runId: string; attempt: number; engine: string }> {
  const { database, config } = deps;
  const dataset = datasetKey(opening.input);
  const path = opening.input.path === undefined ? null : resolve(config.checkout, opening.input.path);
  if (path !== null && !statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure('InvalidInput', `There is no folder ${path}: check --path.`);
  }
  await registerDataset(deps, dataset, opening.input, path);
  const engine = await engineOf(deps, opening.input);
  const run = await ledger.claimRun(
    database,
    {
      key: opening.key,
      kind: opening.kind,
      dataset,
      date: opening.date,
      workflowId: opening.workflowId,
      workflowRunId: opening.workflowRunId,
      priority: opening.priority,
      engine,
      input: { ...opening.input, date: opening.date, ...(path !== null && { path }) },
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, opening.units);
  return { runId: run.runId, attempt: run.attempt, engine };
}

/**
 * Claims an import. Safe to repeat. A path that is not there is refused before anything is written; what is in it is
 * judged by the job.
 */
export async function openImport(
  deps: Dependencies,
  opening: Claimant & { key: string; input: ImportInput; priority: number },
): Promise<{ runId: string; engine: string }> {
  const { database, config } = deps;
  const path = opening.input.path === undefined ? undefined : resolve(config.checkout, opening.input.path);
  if (path !== undefined && !existsSync(path)) {
    throw new Failure('InvalidInput', `There is no file or folder ${path}: check the path.`);
  }
  const { key, workflowId, workflowRunId, priority } = opening;
  const input = { ...opening.input, ...(path !== undefined && { path }) };
  const engine = await engineOf(deps, input);
  const run = await ledger.claimRun(
    database,
    {
      key,
      kind: 'importPrices',
      dataset: 'prices',
      date: null,
      workflowId,
      workflowRunId,
      priority,
      engine,
      input,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, ['import']);
  return { runId: run.runId, engine };
}

/** Where the batches of a run go. Asked once, when it opens; what is wrong with it shows here and not in its middle. */
export async function engineOf({ engines }: Dependencies, input: PlacementInput): Promise<Mode> {
  return (await engines.place(input.engine)).mode;
}

/** Two folders of the same name must not share a data set; a folder that was moved may keep its own. */
async function registerDataset(
  deps: Dependencies,
  dataset: string,
  input: Source & { parity?: boolean },
  path: string | null,
): Promise<void> {
  const { database } = deps;
  const known = await database.query<{ path: string | null }>(
    'select path from datasets where dataset = $1',
    [dataset],
  );
  const before = known.rows[0]?.path ?? null;
  if (known.rows[0] && before !== path && before !== null && existsSync(before)) {
    throw new Failure(
      'InvalidInput',
      `Data set ${dataset} was loaded from ${before}, not from ${path}: two folders of one name would mix. Rename one of them.`,
    );
  }
  await database.query(
    `insert into datasets (dataset, source, path, parity) values ($1, $2, $3, $4)
     on conflict (dataset) do update set path = excluded.path where datasets.path is distinct from excluded.path`,
    [dataset, input.dataset, path, input.parity === true],
  );
}

/** Notes that an open run is paused or goes on. Safe to repeat. */
export async function setRunStatus(
  { database }: Dependencies,
  input: Claimant & { runId: string; status: RunStatus; statement?: string },
): Promise<void> {
  const { status, statement } = input;
  await ledger.setRunStatus(database, input, { status, ...(statement !== undefined && { statement }) });
}

/** Gives an open run another budget. Safe to repeat. */
export async function setBudget(
  { database }: Dependencies,
  input: { runId: string; budgetUsd: number },
): Promise<void> {
  await database.query(`update runs set budget_usd = $2 where run_id = $1`, [input.runId, input.budgetUsd]);
}

export interface RunSummary {
  runId: string;
  key: string;
  status: RunStatus;
  /** What the run ended with, in one line. */
  statement: string;
  counts: Record<string, number>;
  /** Path of the page, relative to the state folder. */
  report?: string;
}

/**
 * Ends a run with its statement, written from the ledger. Safe to repeat: it writes the same again, and only as long as
 * the caller still holds the claim.
 */
export async function closeRun(
  { database }: Pick<Dependencies, 'database'>,
  input: Claimant & { runId: string; status: 'complete' | 'partial' | 'failed' | 'cancelled' },
): Promise<RunSummary> {
  const run = await ledger.readRun(database, input.runId);
  const units = await readUnits(database, input.runId);
  const counts = await countsOf(database, run);
  for (const unit of units.filter(
    (each) => input.status !== 'complete' && each.startedAt && !each.finishedAt,
  )) {
    await giveVerdict(database, run.runId, unit.unit, {
      verdict: 'missing',
      reason: `${input.status} while it ran`,
    });
  }
  const tallies = await tallyUnits(database, input.runId);
  const nothingMade = !tallies.some(({ complete }) => complete > 0);
  // Partial is a run that has something to show, and complete one that made what it was asked for: where no unit could be
  // done, nobody wants to hear that all is well.
  const nothingDue = input.status === 'complete' && run.request !== null && run.kind in fannedKinds;
  const empty =
    nothingMade &&
    (input.status === 'partial' || (nothingDue && !(await anySkippedByHand(database, run.runId))));
  const status = empty ? 'failed' : input.status;
  const statement = await inWords();
  await ledger.setRunStatus(database, input, { status, statement });
  return {
    runId: run.runId,
    key: run.key,
    status,
    statement,
    counts,
    ...(run.report !== null && { report: run.report }),
  };

  function inWords(): string | Promise<string> {
    if (run.kind === 'crossValidation') return cvStatement(database, run, status, counts);
    if (tallies.length === 0 && run.request === null) return statementOf(run, status, units, counts);
    return unitRanges(database, run.runId).then((ranges) =>
      forecastStatement(run, status, tallies, counts, ranges),
    );
  }
}

/** Kinds whose work is windows or dates: each has one unit at least, or had nothing to do. */
const fannedKinds = { forecastBackfill: true, trainForecastModels: true, auditForecasts: true };

/** Who skips dates means to have none. */
async function anySkippedByHand(database: Dependencies['database'], runId: string): Promise<boolean> {
  const { rows } = await database.query<{ any: boolean }>(
    `select exists (select from units where run_id = $1 and verdict = 'skipped'
                       and coalesce((detail ->> 'byHand')::boolean, false)) as any`,
    [runId],
  );
  return rows[0]!.any;
}

function statementOf(
  { key, kind }: ledger.Run,
  status: RunStatus,
  units: Awaited<ReturnType<typeof readUnits>>,
  counts: Record<string, number>,
): string {
  if (status === 'complete' && kind === 'evaluatePools') {
    return `${key} is complete: ${counts['days']} days evaluated.`;
  }
  if (status === 'complete' && kind === 'importPrices') {
    return `${key} is complete: ${counts['rows']} rows of ${counts['commodities']} series.`;
  }
  if (status === 'complete') {
    return `${key} is complete: ${counts['poolsPassed']} of ${counts['pools']} pools passed, ${counts['poolsForecast']} forecast, ${counts['poolsHeld']} held after ${counts['transactions']} transactions.`;
  }
  const left = units.filter((unit) => unit.verdict !== 'complete').map((unit) => unit.unit);
  const broken = units.find((unit) => unit.verdict === 'failed');
  if (status === 'failed' && broken) {
    return `${key} failed in phase ${broken.unit}: ${broken.reason ?? 'no reason noted'} Left: ${left.join(', ')}. Run: sevenfold why ${key}`;
  }
  return `${key} was ${status}; left: ${left.join(', ') || 'nothing'}. Run: sevenfold retry ${key}`;
}
