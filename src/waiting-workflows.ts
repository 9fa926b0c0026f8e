import type { Client } from '@temporalio/client';
import { taskQueues } from './config.ts';
import { allKinds } from './kinds/index.ts';
import { isTemporalError } from './open-in-temporal.ts';
import { legible } from './planning/legible.ts';
import { nearest, suggestion } from './planning/nearest.ts';
import { quoted, repeatable, startLine } from './planning/start-line.ts';

/** A workflow that somebody started where no worker of ours takes it up. Temporal itself never says so. */
export interface WaitingWorkflow {
  workflowId: string;
  type: string;
  taskQueue: string;
  /** Why it waits, and how it is started right. */
  line: string;
}

type Open = Pick<WaitingWorkflow, 'workflowId' | 'type' | 'taskQueue'> & { runId: string };

/** What is needed of Temporal's client. */
type Asked = Pick<Client, 'workflow' | 'workflowService' | 'options'>;

/** Temporal's number of the queue of workflow tasks (temporal.api.enums.v1.TaskQueueType). */
const workflowTasks = 1;

/** A namespace may be shared with thousands of other people's workflows. */
const mostLookedAt = 500;
const mostNamed = 20;

/** What a worker of this version carries out: its kinds of runs, and the sweep. */
export function workflowNames(): string[] {
  return [...allKinds().map(({ name }) => name), 'sweepBatches'];
}

/** The open workflows of the namespace that were meant for us, as far as names can say, and that nobody takes up. */
export async function waitingWorkflows(client: Asked): Promise<WaitingWorkflow[]> {
  const names = workflowNames()
    .map((name) => `"${name}"`)
    .join(', ');
  const query = `ExecutionStatus = "Running" and (TaskQueue != "${taskQueues.main}" or WorkflowType not in (${names}))`;
  const served = new Map<string, Promise<boolean>>();
  const waiting: WaitingWorkflow[] = [];
  let lookedAt = 0;
  for await (const { workflowId, runId, type, taskQueue } of client.workflow.list({ query, pageSize: 100 })) {
    const found = await whyItWaits(client, { workflowId, runId, type, taskQueue }, served);
    if (found !== undefined) waiting.push(found);
    lookedAt += 1;
    if (lookedAt >= mostLookedAt || waiting.length >= mostNamed) break;
  }
  return waiting;
}

/** Undefined where it does not wait, or is none of ours. */
export async function whyItWaits(
  client: Asked,
  open: Open,
  served = new Map<string, Promise<boolean>>(),
): Promise<WaitingWorkflow | undefined> {
  if (!isMeantForUs(open)) return undefined;
  if (open.taskQueue !== taskQueues.main) {
    if (!served.has(open.taskQueue)) {
      const workers = workersOf(client, open.taskQueue);
      served.set(
        open.taskQueue,
        workers.then(({ length }) => length > 0),
      );
    }
    if (await served.get(open.taskQueue)) return undefined;
  }
  const { workflowId, type, taskQueue } = open;
  return { workflowId, type, taskQueue, line: lineOf(open, await inputOf(client, open)) };
}

/** By a name of ours, or one that is close to it: a namespace may be shared with others. */
export function isMeantForUs({ type, taskQueue }: Pick<Open, 'type' | 'taskQueue'>): boolean {
  const names = workflowNames();
  const queues = Object.values(taskQueues);
  const isKnown = names.includes(type);
  if (taskQueue === taskQueues.main) return !isKnown;
  const isNear = (word: string, known: readonly string[]) =>
    known.includes(word) || nearest(word, known) !== undefined;
  return isNear(type, names) || isNear(taskQueue, queues);
}

export function lineOf({ workflowId, type, taskQueue }: Omit<Open, 'runId'>, input?: string): string {
  const names = workflowNames();
  const isKnown = names.includes(type);
  const meant = isKnown ? type : nearest(type, names);
  const reasons = [
    taskQueue === taskQueues.main
      ? []
      : `no worker takes workflows from the task queue "${legible(taskQueue)}"`,
    isKnown ? [] : `this version has no workflow "${legible(type)}"`,
  ].flat();
  const guess = isKnown ? '' : ` ${suggestion(type, names)}`;
  const end = `temporal workflow terminate --workflow-id ${quoted(workflowId)}`;
  const start = { taskQueue: taskQueues.main, workflowId, input: repeatable(input) };
  const advice =
    meant === undefined
      ? `End it: ${end}`
      : `Start it right: ${end} && ${startLine({ type: meant, ...start })}`;
  return `${legible(workflowId)} waits in Temporal for ever: ${reasons.join(', and ')}.${guess} ${advice}`;
}

/** What the workers are called that asked Temporal for workflows of this queue within the last five minutes. */
export async function workersOf(
  client: Pick<Client, 'workflowService' | 'options'>,
  taskQueue: string = taskQueues.main,
): Promise<string[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: workflowTasks,
  });
  return (pollers ?? []).map(({ identity }) => identity ?? '');
}

/** The one JSON object that it was started with; undefined where it was anything else. */
async function inputOf(client: Asked, { workflowId, runId }: Open): Promise<string | undefined> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const [payload] = payloads;
    if (payloads.length !== 1 || !payload?.data || !payload.metadata?.['encoding']) return undefined;
    const encoding = Buffer.from(payload.metadata['encoding']).toString();
    return encoding === 'json/plain' ? Buffer.from(payload.data).toString() : undefined;
  } catch (error) {
    // It ended meanwhile.
    if (isTemporalError(error, 'ServiceError') || (error as { code?: unknown }).code === 5) return undefined;
    throw error;
  }
}
