import type { WorkflowHandle } from '@temporalio/client';
import { Failure } from '../failures.ts';
import { isOpenStatus, readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { describeNewest, isOpen, isOpenInTemporal, isTemporalError } from '../open-in-temporal.ts';
import { troublesOf, troubleText, wasEndedByCodeChange } from '../troubles.ts';
import type { Trouble } from '../troubles.ts';
import type { CommandContext } from './context.ts';
import type { Output } from './output.ts';
import { chooseRun, withSession } from './session.ts';
import type { Session } from './session.ts';

/** The workflow of an open run; a run that has ended is refused with what can be done instead. */
export async function openWorkflow(session: Session, run: Run): Promise<WorkflowHandle> {
  if (!isOpenStatus(run.status)) {
    throw new Failure(
      'InvalidInput',
      `${run.key} is not running: it is ${run.status}. See: npx sevenfold why ${run.key}`,
    );
  }
  const client = await session.temporal();
  return client.workflow.getHandle(run.workflowId, undefined, { firstExecutionRunId: run.workflowRunId });
}

/** Sends an update to the run's workflow and prints its answer. */
export async function sendUpdate(
  { config, out }: CommandContext,
  named: string | undefined,
  update: 'pause' | 'resume' | 'retryFailed' | 'setBudget' | 'approve' | 'reject',
  json: boolean,
  argument?: number | object,
): Promise<void> {
  await withSession(config, json ? undefined : out, async (session) => {
    const run = await chooseRun(session.database, named);
    const answer = await askWorkflow(run, async () => {
      const handle = await openWorkflow(session, run);
      return argument === undefined
        ? handle.executeUpdate<string, []>(update)
        : handle.executeUpdate<string, [number | object]>(update, { args: [argument] });
    });
    if (json) out.json({ workflowId: run.workflowId, runId: run.runId, status: 'accepted', answer });
    else out.line(answer);
  });
}

/** Whether somebody still works on a run: the ledger has it as open, and Temporal has its workflow. */
export async function isWorkedOn(session: Session, run: Run): Promise<boolean> {
  return isOpenStatus(run.status) && (await isOpenInTemporal(await session.temporal(), run));
}

/** A run that the ledger has as open although its workflow is gone: a terminated one closes no row. */
export async function isLeftOpen(session: Session, run: Run): Promise<boolean> {
  if (!isOpenStatus(run.status) || (await isWorkedOn(session, run))) return false;
  return isStillOpen(session, run);
}

/** Asked after Temporal: a run that was closed in both meanwhile is not one that was left open. */
async function isStillOpen(session: Session, run: Run): Promise<boolean> {
  const now = await readRun(session.database, run.runId);
  return isOpenStatus(now.status) && now.workflowRunId === run.workflowRunId;
}

/** What to say of a run whose workflow is gone while the ledger has it as open. */
export function endedUnclosed(key: string): Failure {
  return new Failure(
    'RunIncomplete',
    `The workflow of ${key} was ended from outside. What is whole stays; do the rest: npx sevenfold retry ${key} · or close it: npx sevenfold cancel ${key}`,
  );
}

/** What to say of a run that today's code has no way to go on with, and that nothing begins anew by itself. */
export function codeChanged(key: string): Failure {
  return new Failure(
    'CodeChanged',
    `Today's code cannot go on with the history of ${key}, which other code began. What is whole stays; do the rest: npx sevenfold retry ${key}`,
  );
}

/**
 * For whoever follows an open run: ends the watching when nobody is left who could close it, and says what is being tried
 * again, once for each message.
 */
export function failWhenEndedOutside(session: Session, out?: Output): (run: Run) => Promise<void> {
  const said = new Set<string>();
  return async (run) => {
    const { left, troubles } = await lookInTemporal(session, run);
    if (left) throw left;
    if (out === undefined) return;
    for (const trouble of troubles) {
      if (trouble.attempt < troublingAttempts || said.has(trouble.message)) continue;
      said.add(trouble.message);
      out.line(`  ! ${troubleText(trouble)}`);
    }
  };
}

/** One failure is nothing to speak of: a server that is being restarted. */
const troublingAttempts = 3;

/**
 * What Temporal says of a run, asked once: `left`, why nobody works on it although the ledger has it as open, and what it
 * tries again. Neither where Temporal does not answer: there is still the ledger to read.
 */
export async function lookInTemporal(
  session: Session,
  run: Run,
): Promise<{ left?: Failure; troubles: Trouble[] }> {
  if (!isOpenStatus(run.status)) return { troubles: [] };
  try {
    const temporal = await session.temporal();
    const described = await describeNewest(temporal, run);
    if (described !== undefined && isOpen(described, run))
      return { troubles: await troublesOf(temporal, described) };
    if (!(await isStillOpen(session, run))) return { troubles: [] };
    const changed = described !== undefined && (await wasEndedByCodeChange(temporal, described));
    return { left: changed ? codeChanged(run.key) : endedUnclosed(run.key), troubles: [] };
  } catch {
    return { troubles: [] };
  }
}

/** A workflow that Temporal no longer knows leaves its row open: whoever starts the key next takes it over. */
export async function askWorkflow<T>(run: Run, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowNotFoundError')) throw error;
    throw endedUnclosed(run.key);
  }
}
