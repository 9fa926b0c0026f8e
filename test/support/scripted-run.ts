import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { scriptedActivities } from './scripted-activities.ts';
import type { Call } from './scripted-activities.ts';
import { withWorker } from './temporal.ts';

/** A workflow carried out against scripted activities: what it ended with (or its failure), and what it called. */
export async function scriptedRun(
  server: TestWorkflowEnvironment,
  workflow: string,
  id: string,
  script: Partial<Activities>,
  given: object,
  during: (handle: WorkflowHandle) => Promise<unknown> = async () => {},
  /** What a person gives beside the one input. */
  more: readonly unknown[] = [],
): Promise<{ result: unknown; calls: Call[] }> {
  const { activities, calls } = scriptedActivities(script);
  const result = await withWorker(server, activities, async (): Promise<unknown> => {
    const handle = await server.client.workflow.start(workflow, {
      workflowId: id,
      taskQueue: 'sevenfold',
      args: [given, ...more],
    });
    await during(handle);
    return handle.result().catch((error: unknown) => error);
  });
  return { result, calls };
}
