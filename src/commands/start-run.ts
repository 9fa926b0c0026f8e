import { taskQueues } from '../config.ts';
import type { WorkflowName } from '../schedules/workflows.ts';
import { Failure } from '../failures.ts';
import { findRun, isOpenStatus } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { applicationType, isTemporalError } from './failures.ts';
import { follow } from './follow.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';
import { endedUnclosed, failWhenEndedOutside } from './steer.ts';

/** A workflow to start: its type, the business key (its workflow id too), its input. */
export interface Start {
  workflow: WorkflowName;
  key: string;
  input: object;
  priority: number;
}

/** The same start by the `temporal` command line. */
export function temporalLine({ workflow, key, input }: Start): string {
  return `temporal workflow start --type ${workflow} --task-queue ${taskQueues.main} --workflow-id '${key}' --input '${JSON.stringify(input)}'`;
}

/**
 * The start that takes up a run that has ended: the input of its first start, without what forces (what was redone since
 * then stays) and without the plan that it once kept to.
 */
export function startAgain(run: Run): Start {
  const {
    force: _force,
    forcePhases: _forcePhases,
    retrain,
    redo,
    plan: _plan,
    verifyOnly: _look,
    ...input
  } = run.input;
  // What a redone run left undone was made from another world, and still is.
  const again = redo !== undefined || retrain === true ? { redo: 'changed' } : {};
  return {
    workflow: run.kind as WorkflowName,
    key: run.key,
    input: { ...input, ...again },
    priority: run.priority,
  };
}

export interface StartedRun {
  run: Run;
  /** The workflow found everything done; nothing was written. */
  alreadyComplete: boolean;
}

/**
 * Starts the workflow of a business key and follows it to its end. A key that is running already is followed instead.
 * Ctrl-C leaves the run going.
 */
export async function startAndFollow(
  session: Session,
  out: Output | undefined,
  { workflow, key, input, priority }: Start,
): Promise<StartedRun> {
  const client = await session.temporal();
  let refusal: Failure | undefined;
  let ended = false;
  let workflowRunId: string | undefined;
  try {
    const handle = await client.workflow.start(workflow, {
      workflowId: key,
      taskQueue: taskQueues.main,
      args: [input],
      priority: { priorityKey: priority },
    });
    workflowRunId = handle.firstExecutionRunId;
    handle.result().then(
      () => (ended = true),
      (error: unknown) => {
        refusal = refusalOf(error, key);
        ended = isTemporalError(error, 'WorkflowFailedError');
      },
    );
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowExecutionAlreadyStartedError')) throw error;
    out?.line(`${key} is running already; watching it.`);
  }

  const stopHint = leaveGoing(out, key);
  try {
    let endedBeforeLook = false;
    const run = await follow(
      session,
      out,
      async () => {
        endedBeforeLook = ended;
        const found = await findRun(session.database, key);
        // The row of an earlier start says nothing about this one until the claim has moved.
        return workflowRunId === undefined || found?.workflowRunId === workflowRunId ? found : undefined;
      },
      (found) => (found !== undefined && !isOpenStatus(found.status)) || endedBeforeLook,
      failWhenEndedOutside(session),
    );
    if (refusal?.type === 'AlreadyRunning') return await followHolder(session, out, key, refusal);
    if (refusal && (run === undefined || isOpenStatus(run.status) || refusal.type === 'InvalidInput')) {
      throw refusal;
    }
    if (run === undefined) throw new Failure('Cancelled', `${key} was cancelled before it began.`);
    return { run, alreadyComplete: await nothingWasDone(session, run) };
  } finally {
    stopHint();
  }
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
    failWhenEndedOutside(session),
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
