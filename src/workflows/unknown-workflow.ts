import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { excess, legible } from '../planning/legible.ts';
import { nearest, suggestion } from '../planning/nearest.ts';
import { repeatable, startLine } from '../planning/start-line.ts';
import * as registered from './registered.ts';

/**
 * Answers for every type that is not registered. Without it the SDK fails the workflow task again and again: the run looks
 * open for ever, and only the worker's log says why.
 */
export async function unknownWorkflow(...given: unknown[]): Promise<never> {
  const { workflowType, workflowId, taskQueue } = workflowInfo();
  const names = Object.keys(registered);
  const meant = nearest(workflowType, names);
  const input =
    given.length === 1 && excess(given[0]) === undefined ? repeatable(JSON.stringify(given[0])) : undefined;
  const advice =
    meant === undefined ? '' : ` Start it: ${startLine({ type: meant, taskQueue, workflowId, input })}`;
  throw ApplicationFailure.nonRetryable(
    `This version has no workflow "${legible(workflowType)}". ${suggestion(workflowType, names)}${advice}`,
    'InvalidInput',
  );
}
