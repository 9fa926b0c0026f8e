import type { Database } from '../database/pool.ts';
import type { Failure } from '../failures.ts';
import { fallbackText, readFallbacks } from './batch-record.ts';
import { readBatches } from './batches.ts';
import { readChecks } from './checks.ts';
import type { Reason } from './reason.ts';
import { isOpenStatus } from './runs.ts';
import type { Run } from './runs.ts';
import { readUnits } from './units.ts';
import type { Unit } from './units.ts';

/** Why units of a run are not complete, by its kind. */
type Explain = (database: Database, run: Run, phases: readonly Unit[]) => Promise<Reason[]>;

/**
 * Why a run is not complete, from the ledger alone: phases, then the checks and batches behind them. What the ledger cannot
 * know is handed in: `left`, why nobody works on a run that it has as open; `explain` knows the run's kind.
 */
export async function explainRun(
  database: Database,
  run: Run,
  { left, explain }: { left?: Failure | undefined; explain?: Explain | undefined } = {},
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
        text: unit.reason ?? (unit.finishedAt ? unit.verdict : left ? 'was begun' : 'is being worked on'),
      });
    }
  }
  reasons.push(...((await explain?.(database, run, units)) ?? []));
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
  } else if (left !== undefined) {
    reasons.push({ subject: 'workflow', text: left.message });
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
