import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../src/workflow-bundle.ts';
import { readHistory } from '../support/temporal.ts';

interface Event {
  eventType: string;
  [attributes: string]: unknown;
}

const text = (event: Event) => JSON.stringify(event);
const has =
  (type: string, containing = '') =>
  (event: Event) =>
    event.eventType === type && text(event).includes(containing);

/** What makes a history worth its name: without that event it would show nothing. */
const mustHold: Record<string, ((event: Event) => boolean)[]> = {
  success: [has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')],
  'failed-check': [has('EVENT_TYPE_WORKFLOW_EXECUTION_FAILED', 'RunIncomplete')],
  cancel: [
    has('EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'),
  ],
  'pause-and-resume': [
    has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"pause"'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"resume"'),
  ],
  'worker-lost': [has('EVENT_TYPE_ACTIVITY_TASK_STARTED', 'TIMEOUT_TYPE_HEARTBEAT')],
  retry: [has('EVENT_TYPE_TIMER_FIRED'), has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')],
  live: [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'sevenfold-fetch'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'settleSources'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  approval: [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'proposeAllocation'),
    has('EVENT_TYPE_TIMER_STARTED'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"reject"'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'decideProposal'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  evaluation: [
    has('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED', 'evaluatePools'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  backfill: [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'noteChunk'),
    has('EVENT_TYPE_TIMER_FIRED'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  'backfill-delta': [
    // `"sink":"delta"`, as it stands in the payload.
    has('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED', 'InNpbmsiOiJkZWx0YSIs'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'noteChunk'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  'backfill-partial': [
    has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"setConcurrency"'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"skip"'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_FAILED', 'RunIncomplete'),
  ],
  'cross-validation': [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'openCrossValidation'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'noteChunk'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'selectModel'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  training: [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'layOutTrainingFits'),
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'noteChunk'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  scoring: [
    has('EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', 'planScoring'),
    has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED'),
  ],
  'import-prices': [has('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')],
  'retry-by-hand': [has('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', '"retryFailed"')],
};

/** A folder for each version of the code that recorded some: they are replayed while its runs may be open. */
const histories = new URL('histories/', import.meta.url);
const versions = readdirSync(histories);

describe('open runs go on under the code of today', () => {
  test('every stored history is named here, and every name is stored by the newest version', () => {
    for (const version of versions) {
      const stored = readdirSync(new URL(version, histories)).map((file) => file.replace('.json', ''));
      assert.deepEqual(
        stored.filter((name) => !(name in mustHold)),
        [],
        version,
      );
    }
    const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)!;
    assert.deepEqual(
      Object.keys(mustHold).filter((name) => !existsSync(new URL(`${newest}/${name}.json`, histories))),
      [],
    );
  });

  for (const version of versions) {
    for (const file of readdirSync(new URL(version, histories))) {
      const name = file.replace('.json', '');
      test(`replays ${name} of ${version}`, async () => {
        const history = readHistory(name, version);
        for (const [index, holds] of mustHold[name]!.entries()) {
          assert.ok((history['events'] as Event[]).some(holds), `${name} lacks its event ${index}`);
        }
        await Worker.runReplayHistory({ workflowBundle: await bundleWorkflows() }, history, name);
      });
    }
  }

  test('a workflow that does its steps in another order is caught', async () => {
    const { code } = await bundleWorkflows();
    const reordered = code.replace(/(dailyPhases = \[\s*)'prepare',\s*'ingest'/, "$1'ingest', 'prepare'");
    assert.notEqual(reordered, code, 'the bundle no longer spells the order of the phases like this');
    await assert.rejects(
      Worker.runReplayHistory({ workflowBundle: { code: reordered } }, readHistory('success'), 'success'),
      DeterminismViolationError,
    );
  });
});
