import type { WorkerOptions } from '@temporalio/worker';

/** How every worker of ours serves workflows. */
export const workerOptions = {
  // A worker that was killed leaves its sticky queue behind; waiting 10 s for it (the default) helps nobody.
  stickyQueueScheduleToStartTimeout: '2 seconds',
  // Today's code cannot go on with the history of an older one: the execution ends, instead of failing its task for ever.
  // Nothing is lost by it: the ledger has what is done, and the next start goes on from there. Any other error in a workflow
  // is a bug, and leaves the run open until corrected code comes.
  workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
} satisfies Partial<WorkerOptions>;
