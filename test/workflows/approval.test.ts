import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import type { Call } from '../support/scripted-activities.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const asking = { dataset: 'live', date: '2026-01-31', portfolio: 'onchain', approval: true };
let count = 0;

describe('a day whose transactions wait for a person', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function run(
    input: object,
    during: (handle: WorkflowHandle, calls: Call[]) => Promise<void>,
    script: Partial<Activities> = {},
  ): Promise<{ result: unknown; calls: Call[] }> {
    const { activities, calls } = scriptedActivities(script);
    const result: unknown = await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId: `approval-${(count += 1)}`,
        taskQueue: 'sevenfold',
        args: [input],
      });
      await during(handle, calls);
      return (handle.result() as Promise<unknown>).catch((error: unknown) => error);
    });
    return { result, calls };
  }

  /** Refused with its one line. */
  async function refused(asked: Promise<unknown>, words: RegExp): Promise<void> {
    await assert.rejects(asked, (error: Error) => {
      assert.ok(error instanceof WorkflowUpdateFailedError);
      assert.match(error.cause!.message, words);
      return true;
    });
  }

  const isWaiting = (handle: WorkflowHandle, calls: Call[]): Promise<unknown> =>
    until('the gate is open', async () => {
      if (!calls.some(({ name }) => name === 'proposeAllocation')) return false;
      // A refusal with another reason than "nothing waits" comes from a gate that is open.
      const answer = await handle.executeUpdate('reject', { args: [{}] }).catch((error: Error) => error);
      return /needs a reason/.test(String((answer as Error).cause));
    });
  const decided = (calls: Call[]): unknown =>
    calls.find(({ name }) => name === 'decideProposal')?.input['decision'];
  const phases = (calls: Call[]): unknown[] =>
    calls.filter(({ name }) => name === 'beginPhase').map(({ input }) => input['phase']);

  test('goes on when it is approved; the page comes after the decision', async () => {
    const { result, calls } = await run(asking, async (handle, calls) => {
      await isWaiting(handle, calls);
      assert.equal(decided(calls), undefined);
      const answer = await handle.executeUpdate<string, [object]>('approve', { args: [{ by: 'ann' }] });
      assert.match(answer, /^The proposal of 2026-01-31 is approved\. Nothing is signed or sent/);
    });
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(decided(calls), { state: 'approved', by: 'ann' });
    const begun = phases(calls);
    assert.ok(begun.indexOf('allocate') < begun.indexOf('approval'), begun.join());
    assert.deepEqual(begun.slice(-2), ['approval', 'report']);
  });

  test('goes on when it is rejected, with the reason', async () => {
    const { result, calls } = await run(asking, async (handle, calls) => {
      await isWaiting(handle, calls);
      await refused(handle.executeUpdate('reject', { args: [{ reason: ' ' }] }), /needs a reason/);
      await refused(handle.executeUpdate('approve', { args: [{ who: 'ann' }] }), /unknown field "who"/);
      await refused(handle.executeUpdate('approve', { args: ['yes'] }), /takes one JSON object/);
      await handle.executeUpdate('reject', { args: [{ reason: 'too much in one pool' }] });
    });
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(decided(calls), { state: 'rejected', by: null, reason: 'too much in one pool' });
  });

  test('is not waited for longer than its day lasts', async () => {
    const { result, calls } = await run(asking, async () => {});
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(decided(calls), { state: 'expired' });
  });

  test('is not asked about what was decided already', async () => {
    const { calls } = await run(asking, async () => {}, { proposeAllocation: async () => ({ waitMs: 0 }) });
    assert.deepEqual(decided(calls), { state: 'expired' });
  });

  test('asks nobody unless it is wanted, and says so to who decides all the same', async () => {
    const gate: { resolve?: () => void } = {};
    const held = new Promise<void>((resolve) => (gate.resolve = resolve));
    const { calls } = await run(
      { dataset: 'sample', date: '2026-01-31' },
      async (handle) => {
        await refused(handle.executeUpdate('approve'), /No proposal of 2026-01-31 waits for a decision/);
        gate.resolve!();
      },
      { snapshotSettings: () => held },
    );
    assert.ok(!phases(calls).includes('approval'));
    assert.equal(decided(calls), undefined);
  });
});
