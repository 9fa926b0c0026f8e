import { legible } from '../planning/legible.ts';
import { whyItWaits } from '../waiting-workflows.ts';
import { describeFailure } from './failures.ts';
import type { Session } from './session.ts';

/** A workflow that Temporal knows and that has no row in the ledger: it waits, was refused, or keeps none. */
export interface OutsideLedger {
  workflowId: string;
  status: string;
  text: string;
}

/** Undefined where Temporal does not know such a workflow either, or does not answer. */
export async function findOutsideLedger(
  session: Session,
  workflowId: string,
): Promise<OutsideLedger | undefined> {
  try {
    const client = await session.temporal();
    const handle = client.workflow.getHandle(workflowId);
    const { type, taskQueue, runId, status } = await handle.describe();
    const state = status.name.toLowerCase();
    if (state !== 'running') return { workflowId, status: state, text: await endOf(() => handle.result()) };
    const waits = await whyItWaits(client, { workflowId, runId, type, taskQueue });
    const text =
      waits?.line ??
      `${legible(type)} is open in Temporal on the task queue "${legible(taskQueue)}" and has noted no run here yet.`;
    return { workflowId, status: state, text };
  } catch {
    return undefined;
  }
}

async function endOf(result: () => Promise<unknown>): Promise<string> {
  try {
    await result();
    return 'It has ended and keeps no run.';
  } catch (error) {
    return describeFailure((error as Error).cause ?? error).message;
  }
}
