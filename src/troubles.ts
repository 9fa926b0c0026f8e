import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { isCodeChanged } from './planning/retry.ts';

/** What an open run tries again and again, as Temporal knows it. */
export interface Trouble {
  /** An activity, or `workflow` for the run's own code. */
  what: string;
  /** The try that is under way or waited for. */
  attempt: number;
  message: string;
}

type Asked = Pick<Client, 'workflowService' | 'options'>;

const newestEvents = 10;

/**
 * Why an open run does not get on although nobody sees it fail: what is retried is in no row of the ledger. A workflow task
 * that fails is the run's own code: new code that cannot replay the run's history, or a bug.
 */
export async function troublesOf(
  temporal: Asked,
  { raw, workflowId, runId }: Pick<WorkflowExecutionDescription, 'raw' | 'workflowId' | 'runId'>,
): Promise<Trouble[]> {
  const activities = (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) =>
    lastFailure?.message
      ? [{ what: activityType?.name ?? 'an activity', attempt: attempt ?? 1, message: lastFailure.message }]
      : [],
  );
  const attempt = raw.pendingWorkflowTask?.attempt ?? 1;
  if (attempt <= 1) return activities;
  const events = await newestEventsOf(temporal, workflowId, runId);
  const failed = events.find(({ workflowTaskFailedEventAttributes: one }) => one != null);
  const said = failed?.workflowTaskFailedEventAttributes?.failure?.message ?? 'it did not end in time';
  return [...activities, { what: 'workflow', attempt, message: said }];
}

/** Whether a closed workflow was failed because the code that served it cannot replay its history. */
export async function wasEndedByCodeChange(
  temporal: Asked,
  { workflowId, runId }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId'>,
): Promise<boolean> {
  const [last] = await newestEventsOf(temporal, workflowId, runId);
  let failure = last?.workflowExecutionFailedEventAttributes?.failure;
  for (; failure != null; failure = failure.cause) if (isCodeChanged(failure.message ?? '')) return true;
  return false;
}

async function newestEventsOf(temporal: Asked, workflowId: string, runId: string) {
  const { history } = await temporal.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: temporal.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: newestEvents,
  });
  return history?.events ?? [];
}

/** For a person: what, how often, why, and what helps. */
export function troubleText({ what, attempt, message }: Trouble): string {
  const line = message.split('\n')[0]!;
  if (what !== 'workflow') return `${what} is being tried again (attempt ${attempt}): ${line}`;
  const advice = isCodeChanged(message)
    ? "today's code cannot go on with this run's history: run the code that began it, or cancel and start again, which goes on from the rows"
    : 'a bug of the workflow: nothing of the run is ended, and corrected code goes on with it';
  return `the run's own code fails (attempt ${attempt}): ${line} (${advice})`;
}
