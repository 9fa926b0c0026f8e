import type { Client, WorkflowHandle } from '@temporalio/client';
import { taskQueues } from '../config.ts';
import { Failure } from '../failures.ts';
import { findKind } from '../kinds/index.ts';
import { findRun, isOpenStatus } from '../ledger/runs.ts';
import type { Claimant, Run } from '../ledger/runs.ts';
import { isOpenInTemporal, isTemporalError } from '../open-in-temporal.ts';
import { codeChangedRetry, isCodeChanged } from '../planning/retry.ts';
import { startLine } from '../planning/start-line.ts';
import { applicationType } from './failures.ts';
import { follow } from './follow.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';
import { codeChanged, endedUnclosed, failWhenEndedOutside } from './steer.ts';
import { refuseOtherLedger, sayWhenNobodyWorks } from './workers.ts';

/** A workflow to start: its type, the business key (its workflow id too), its input. */
export interface Start {
  workflow: string;
  key: string;
  input: object;
  priority: number;
}

/** The same start by the `temporal` command line. */
export function temporalLine({ workflow, key, input }: Start): string {
  return startLine({
    type: workflow,
    taskQueue: taskQueues.main,
    workflowId: key,
    input: JSON.stringify(input),
  });
}

/**
 * The start that takes up a run that has ended: the input of its first start, with the budget that it was given since,
 * without what forces (what was redone since then stays) and without the plan that it once kept to.
 */
export function startAgain(run: Run): Start {
  const {
    force: _force,
    forcePhases: _forcePhases,
    retrain: _retrain,
    redo: _redo,
    plan: _plan,
    verifyOnly: _look,
    ...input
  } = run.input;
  return {
    workflow: run.kind,
    key: run.key,
    input: {
      ...input,
      ...findKind(run.kind)?.again?.(run.input),
      ...(run.budgetUsd !== null && { budgetUsd: run.budgetUsd }),
    },
    priority: run.priority,
  };
}

export interface StartedRun {
  run: Run;
  /** The workflow found everything done; nothing was written. */
  alreadyComplete: boolean;
}

/** A workflow that was started, by us or by somebody else, and how it ended, once it has. */
interface Started {
  workflowRunId: string;
  ended: boolean;
  /** Why it did not get as far as its ledger row. */
  refusal?: Failure | undefined;
  cancelled?: boolean;
}

/**
 * Starts the workflow of a business key and follows it to its end. A key that is running already is followed instead.
 * Ctrl-C leaves the run going.
 */
export async function startAndFollow(
  session: Session,
  out: Output | undefined,
  start: Start,
): Promise<StartedRun> {
  const { key } = start;
  const client = await session.temporal();
  await refuseOtherLedger(session.database, client);
  const started = await startOrFind(client, out, start);

  const stopHint = leaveGoing(out, key);
  try {
    let endedBeforeLook = false;
    const run = await follow(
      session,
      out,
      async () => {
        endedBeforeLook = started.ended;
        const found = await findRun(session.database, key);
        // The row of an earlier start says nothing about this one until the claim has moved.
        return found?.workflowRunId === started.workflowRunId ? found : undefined;
      },
      (found) => (found !== undefined && !isOpenStatus(found.status)) || endedBeforeLook,
      { open: failWhenEndedOutside(session, out), unclaimed: sayWhenNobodyWorks(client, key) },
    );
    const { refusal } = started;
    if (refusal?.type === 'AlreadyRunning') return await followHolder(session, out, key, refusal);
    if (refusal && (run === undefined || isOpenStatus(run.status) || refusal.type === 'InvalidInput')) {
      throw refusal;
    }
    if (run === undefined) throw neverClaimed(key, started);
    return { run, alreadyComplete: await nothingWasDone(session, run) };
  } finally {
    stopHint();
  }
}

/** Starts the workflow, or finds the one that runs under its id: the claim of either is what is waited for. */
async function startOrFind(
  client: Client,
  out: Output | undefined,
  { workflow, key, input, priority }: Start,
): Promise<Started> {
  let handle: WorkflowHandle;
  let workflowRunId: string;
  try {
    const begun = await client.workflow.start(workflow, {
      workflowId: key,
      taskQueue: taskQueues.main,
      args: [input],
      priority: { priorityKey: priority },
      retry: codeChangedRetry,
    });
    handle = begun;
    workflowRunId = begun.firstExecutionRunId;
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowExecutionAlreadyStartedError')) throw error;
    out?.line(`${key} is running already; watching it.`);
    handle = client.workflow.getHandle(key);
    const { runId, raw } = await handle.describe();
    workflowRunId = raw.workflowExecutionInfo?.firstRunId || runId;
  }
  const started: Started = { workflowRunId, ended: false };
  resultThroughResets(client, handle, { workflowId: key, workflowRunId }).then(
    () => (started.ended = true),
    (error: unknown) => {
      started.refusal = refusalOf(error, key);
      started.cancelled = isTemporalError((error as Error).cause, 'CancelledFailure');
      started.ended = isTemporalError(error, 'WorkflowFailedError');
    },
  );
  return started;
}

/** Waits for a workflow's end. A reset terminates the execution that it replaces: then the end is that of the new one. */
async function resultThroughResets(client: Client, first: WorkflowHandle, holder: Claimant): Promise<void> {
  for (let handle = first; ; handle = client.workflow.getHandle(holder.workflowId)) {
    try {
      await handle.result();
      return;
    } catch (error) {
      const terminated = isTemporalError((error as Error).cause, 'TerminatedFailure');
      if (!terminated || !(await isOpenInTemporal(client, holder))) throw error;
    }
  }
}

/** What to say of a workflow that ended and left no row of its own. */
function neverClaimed(key: string, { cancelled }: Started): Failure {
  return cancelled
    ? new Failure('Cancelled', `${key} was cancelled before it began.`)
    : new Failure(
        'InvalidInput',
        `${key} ended in Temporal and left nothing in this database: the worker that did it writes to another one. Set DATABASE_URL and TEMPORAL_ADDRESS for both alike.`,
      );
}

/** Somebody else, under another workflow id, has the day: then that one is watched. */
async function followHolder(
  session: Session,
  out: Output | undefined,
  key: string,
  refusal: Failure,
): Promise<StartedRun> {
  out?.line(refusal.message);
  const run = await follow(
    session,
    out,
    () => findRun(session.database, key),
    (found) => found !== undefined && !isOpenStatus(found.status),
    { open: failWhenEndedOutside(session, out) },
  );
  return { run: run!, alreadyComplete: false };
}

/** Why a workflow did not get as far as its ledger row; an ended run speaks through the ledger instead. */
function refusalOf(error: unknown, key: string): Failure | undefined {
  if (!isTemporalError(error, 'WorkflowFailedError')) return undefined;
  const { cause: first, message } = error as Error;
  for (let cause: unknown = first; cause instanceof Error; cause = cause.cause) {
    if (isTemporalError(cause, 'CancelledFailure')) return undefined;
    if (isTemporalError(cause, 'TerminatedFailure')) return endedUnclosed(key);
    if (isCodeChanged(cause.message)) return codeChanged(key);
    const type = applicationType(cause);
    if (type !== undefined) return type === 'RunIncomplete' ? undefined : new Failure(type, cause.message);
  }
  return new Failure('JobFailed', first instanceof Error ? first.message : message);
}

async function nothingWasDone(session: Session, run: Run): Promise<boolean> {
  if (run.status !== 'complete') return false;
  const { rows } = await session.database.query<{ reused: boolean }>(
    `select bool_and(coalesce((detail ->> 'reused')::boolean, false)) as reused from units
      where run_id = $1 and kind = 'phase'`,
    [run.runId],
  );
  return rows[0]?.reused === true;
}

/** Ctrl-C ends the watching, not the run. Answers how to take the handler off again. */
export function leaveGoing(out: Output | undefined, key: string): () => void {
  const onInterrupt = () => {
    out?.settle();
    out?.line(`The run goes on. Watch it: npx sevenfold watch ${key} · end it: npx sevenfold cancel ${key}`);
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt);
  return () => process.off('SIGINT', onInterrupt);
}
