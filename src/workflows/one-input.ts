import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** Refuses whatever came after the one JSON object that a workflow takes: a second `--input` of the `temporal` command line. */
export function refuseMore(more: readonly unknown[]): void {
  if (more.some((each) => each !== undefined)) refuse();
}

/**
 * What the history before hands to the next one. It comes from the workflow itself alone: given by anybody else it would be
 * taken for a state that never was.
 */
export function carriedOver<Carried>(carried: Carried | undefined, ...more: unknown[]): Carried | undefined {
  refuseMore(more);
  if (carried !== undefined && workflowInfo().continuedFromExecutionRunId === undefined) refuse();
  return carried;
}

function refuse(): never {
  throw ApplicationFailure.nonRetryable(
    `Input of ${workflowInfo().workflowType} must be one JSON object, but more was given: put everything into one --input.`,
    'InvalidInput',
  );
}
