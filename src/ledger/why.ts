import type { Database } from '../database/pool.ts';
import { fallbackText, readFallbacks } from './batch-record.ts';
import { readBatches } from './batches.ts';
import { readChecks } from './checks.ts';
import { missingFits } from './cv.ts';
import { isOpenStatus } from './runs.ts';
import type { Run } from './runs.ts';
import { rangeText } from '../planning/forecast-dates.ts';
import { unitRanges } from './unit-ranges.ts';
import type { UnitRange } from './unit-ranges.ts';
import { readUnits } from './units.ts';

export interface Reason {
  /** A phase, a check or a batch. */
  subject: string;
  text: string;
  /** What to do about it. */
  advice?: string;
}

/**
 * Why a run is not complete, from the ledger alone: phases, then the checks and batches behind them. What the ledger cannot
 * know is handed in: `leftOpen` is a run that it has as open and whose workflow is gone.
 */
export async function explainRun(
  database: Database,
  run: Run,
  { leftOpen = false }: { leftOpen?: boolean } = {},
): Promise<Reason[]> {
  const [units, checks, batches, fallbacks] = await Promise.all([
    readUnits(database, run.runId),
    readChecks(database, run.runId),
    readBatches(database, run.runId),
    readFallbacks(database, run.runId),
  ]);
  const reasons: Reason[] = [];
  for (const unit of units) {
    if (unit.verdict === 'failed') {
      reasons.push({ subject: `phase ${unit.unit}`, text: unit.reason ?? 'failed without a reason' });
    } else if (unit.verdict !== 'complete' && unit.startedAt !== null) {
      reasons.push({
        subject: `phase ${unit.unit}`,
        text: unit.reason ?? (unit.finishedAt ? unit.verdict : leftOpen ? 'was begun' : 'is being worked on'),
      });
    }
  }
  // Fits that only wait for their folds are told by the phase.
  const prepared = units.some(({ unit, verdict }) => unit === 'folds' && verdict === 'complete');
  for (const missing of prepared ? await missingFits(database, run.runId) : []) {
    reasons.push(explainFits(run, missing));
  }
  for (const range of run.request === null ? [] : await unitRanges(database, run.runId)) {
    if (range.verdict !== 'skipped') reasons.push(explainRange(run, range));
  }
  for (const check of checks.filter((each) => !each.passed && each.severity !== 'info')) {
    reasons.push({
      subject: `${check.severity === 'block' ? 'check' : 'warning'} ${check.unit}/${check.name}`,
      text: `found ${check.observed}, expected ${check.expected}: ${check.message}`,
    });
  }
  for (const batch of batches.filter((each) => each.state === 'FAILED' || each.state === 'TIMED_OUT')) {
    reasons.push({
      subject: `batch ${batch.batchId} (${batch.unit}, attempt ${batch.attempt})`,
      text: `${batch.errorType ?? batch.state}: ${batch.stateMessage ?? 'no message'}`,
      advice: `npx sevenfold logs ${run.key} --batch ${batch.batchId}`,
    });
  }
  for (const batch of batches.filter(({ state, stateMessage }) => state === 'SUBMITTING' && stateMessage)) {
    reasons.push({
      subject: `batch ${batch.batchId} (${batch.unit}, attempt ${batch.attempt})`,
      text: `not sent yet: ${batch.stateMessage}`,
    });
  }
  for (const fallback of fallbacks) reasons.push({ subject: 'engine', text: fallbackText(fallback) });
  if (run.status === 'complete') {
    reasons.unshift({ subject: 'complete', text: 'every phase is whole by its own rows.' });
  } else if (leftOpen) {
    reasons.push({
      subject: 'workflow',
      text: 'it was ended from outside and closed nothing behind it; what is whole stays.',
      advice: `npx sevenfold retry ${run.key} · or close it: npx sevenfold cancel ${run.key}`,
    });
  } else if (run.status === 'paused') {
    reasons.push({
      subject: 'paused',
      text: 'it waits for a person.',
      advice: `npx sevenfold resume ${run.key}`,
    });
  } else if (!isOpenStatus(run.status)) {
    reasons.push({
      subject: 'next',
      text: 'what is whole stays; the rest is done again.',
      advice: `npx sevenfold retry ${run.key}`,
    });
  }
  return reasons;
}

/** Fits of one model that share a verdict and its reason. */
function explainFits(
  { key }: Run,
  { label, folds, verdict, reason }: Awaited<ReturnType<typeof missingFits>>[number],
): Reason {
  return {
    subject: `${label} fold ${folds.join(', ')} ${verdict}`,
    text: reason ?? 'not fitted yet',
    ...(verdict === 'quarantined' && { advice: `mend the cause, then: npx sevenfold retry ${key}` }),
  };
}

/** Neighbouring dates or windows that share a verdict and its reason. */
function explainRange({ key }: Run, range: UnitRange): Reason {
  const what = range.kind === 'window' ? 'training window' : 'date';
  const days = rangeText(range);
  return {
    subject: `${range.modelVersion} ${what} ${days} (${range.units}) ${range.verdict}`,
    text: range.reason ?? 'not done yet',
    ...(range.verdict === 'quarantined' && {
      advice: `mend the cause, then: npx sevenfold retry ${key} · or: npx sevenfold skip ${key} --dates ${days} --reason "…"`,
    }),
  };
}
