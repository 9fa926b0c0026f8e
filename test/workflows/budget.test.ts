import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import {
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  setBudgetUpdate,
} from '../../src/workflows/run-control.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import type { Call } from '../support/scripted-activities.ts';
import { crowd } from '../support/crowd.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const day = { dataset: 'sample', date: '2026-01-31' };
const backfill = {
  commodity: 'WTI',
  models: ['naive'],
  start: '2021-03-02',
  end: '2021-03-05',
  concurrency: 3,
};

/** A ledger in which every batch costs a dollar. */
class Purse {
  budget: number;
  readonly paid: string[] = [];
  refused = 0;

  constructor(budget: number) {
    this.budget = budget;
  }

  get script(): Partial<Activities> {
    return {
      setBudget: async ({ budgetUsd }) => void (this.budget = budgetUsd),
      runBatch: async ({ job, fence }) => {
        const batch = { batchId: `sf-${job}`, engine: 'dataproc' };
        if (this.paid.length >= this.budget) {
          this.refused += 1;
          return { ...batch, succeeded: false, overBudget: `waits at its budget of $${this.budget}` };
        }
        this.paid.push(fence.unit);
        return { ...batch, succeeded: true };
      },
    };
  }
}

const statusesOf = (calls: readonly Call[]): unknown[] =>
  calls.filter(({ name }) => name === 'setRunStatus').map((call) => call.input['status']);

describe('a run with a budget', () => {
  let server: TestWorkflowEnvironment;
  let count = 0;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function run(
    workflow: string,
    input: object,
    script: Partial<Activities>,
    during: (handle: WorkflowHandle, calls: readonly Call[]) => Promise<void>,
  ): Promise<{ result: unknown; calls: Call[] }> {
    const { activities, calls } = scriptedActivities(script);
    const result: unknown = await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start(workflow, {
        workflowId: `budget-${(count += 1)}`,
        taskQueue: 'sevenfold',
        args: [input],
      });
      await during(handle, calls);
      return (handle.result() as Promise<unknown>).catch((error: unknown) => error);
    });
    return { result, calls };
  }

  const waits = (handle: WorkflowHandle) => async (): Promise<boolean> => {
    const { paused, reason } = await handle.query(progressQuery);
    return paused && reason !== undefined;
  };

  test('pauses with the statement, again where there is no more money, and goes on with more', async () => {
    const purse = new Purse(1);
    const { result, calls } = await run('dailyPipeline', day, purse.script, async (handle, calls) => {
      await until('it pauses', () => statusesOf(calls).length === 1);
      const progress = await handle.query(progressQuery);
      assert.deepEqual([progress.paused, progress.reason], [true, 'waits at its budget of $1']);
      assert.equal(progress.phases.find(({ state }) => state === 'running')?.phase, 'metrics');
      const paused = calls.find(({ name }) => name === 'setRunStatus')!;
      assert.deepEqual(
        [paused.input['status'], paused.input['statement']],
        ['paused', 'waits at its budget of $1'],
      );

      await handle.executeUpdate(resumeUpdate);
      await until('it pauses again', () => statusesOf(calls).length === 3);
      assert.deepEqual(statusesOf(calls), ['paused', 'running', 'paused']);
      assert.equal((await handle.query(progressQuery)).reason, 'waits at its budget of $1');
      assert.equal(purse.paid.length, 1);

      assert.match(await handle.executeUpdate(setBudgetUpdate, { args: [2.5] }), /\$2\.5 from now on/);
      assert.equal(
        await waits(handle)(),
        true,
        'more money alone resumes nothing: a person may want to look',
      );
      await handle.executeUpdate(resumeUpdate);
      await until('it pauses before the fourth batch', () => statusesOf(calls).length === 4);
      assert.equal((await handle.query(progressQuery)).reason, undefined);
    });
    assert.equal((result as { status?: string }).status, 'complete');
    assert.deepEqual(purse.paid.length, 3);
    assert.deepEqual(calls.find(({ name }) => name === 'setBudget')?.input, {
      runId: 'run-1',
      budgetUsd: 2.5,
    });
    assert.ok(
      calls.every(({ name, input }) => name !== 'beginPhase' || input['again'] === false),
      'waiting for money is no failed try',
    );
  });

  test('several chunks in flight: each waits, none is lost, sent twice or noted as failed', async () => {
    const purse = new Purse(2);
    const chunks = 7;
    // The first refusal pauses the run, so what is to be refused together must be under way together.
    const refused = crowd(3);
    let handedOut = false;
    const { result, calls } = await run(
      'forecastBackfill',
      backfill,
      {
        ...purse.script,
        runBatch: async (request) => {
          const outcome = await purse.script.runBatch!(request);
          if (outcome.overBudget !== undefined) await refused.pass();
          return outcome;
        },
        planRound: async ({ unit }) => {
          const last = unit === 'infer' && !handedOut ? chunks : 0;
          handedOut ||= unit === 'infer';
          return { first: 1, last, waiting: false };
        },
        beginChunk: async ({ runId, chunk }) => ({
          fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
          job: 'forecast_infer',
          input: {},
        }),
      },
      async (handle, calls) => {
        await until('three chunks wait', () => purse.refused === 3);
        await until('the run says so', waits(handle));
        assert.equal(purse.paid.length, 2);
        const begun = () => calls.filter(({ name }) => name === 'beginChunk').length;
        assert.equal(begun(), 5, 'nothing more is begun while it waits');

        await handle.executeUpdate(setBudgetUpdate, { args: [4] });
        await handle.executeUpdate(resumeUpdate);
        await until('two more are paid', () => purse.paid.length === 4);
        await until('it waits again', waits(handle));
        await until('the ledger says so', () => statusesOf(calls).at(-1) === 'paused');

        await handle.executeUpdate(setBudgetUpdate, { args: [100] });
        await handle.executeUpdate(resumeUpdate);
      },
    );
    assert.equal((result as { status?: string }).status, 'complete');
    assert.deepEqual(
      purse.paid.slice(0, chunks).sort(),
      Array.from({ length: chunks }, (_, index) => `chunk ${index + 1}`),
    );
    assert.equal(purse.paid.length, chunks + 1, 'and the evaluation');
    assert.equal(calls.filter(({ name }) => name === 'noteChunk').length, 0);
    assert.equal(statusesOf(calls).at(-1), 'running');
  });

  test('a cancel ends a run that waits for money', async () => {
    const { result, calls } = await run('dailyPipeline', day, new Purse(0).script, async (handle) => {
      await until('it waits', waits(handle));
      await handle.cancel();
    });
    assert.ok((result as WorkflowFailedError).cause instanceof CancelledFailure);
    assert.deepEqual(
      calls.slice(-2).map(({ name, input }) => [name, input['status']]),
      [
        ['cancelBatches', undefined],
        ['closeRun', 'cancelled'],
      ],
    );
  });

  test('a budget that makes no sense is refused, and so are a pause of what is paused and a resume of what is not', async () => {
    const { calls } = await run('dailyPipeline', day, new Purse(0).script, async (handle) => {
      await until('it waits', waits(handle));
      for (const nonsense of [0, -1, 1e6 + 1, Number.NaN, null, '5', true, [5], {}, undefined]) {
        await assert.rejects(
          handle.executeUpdate(setBudgetUpdate, { args: [nonsense as never] }),
          (error: Error) => /US dollars above 0, at most 1000000/.test(String(error.cause)),
          `a budget of ${JSON.stringify(nonsense)}`,
        );
      }
      await assert.rejects(handle.executeUpdate(pauseUpdate), (error: Error) =>
        /paused already/.test(String(error.cause)),
      );
      await handle.executeUpdate(setBudgetUpdate, { args: [100] });
      await handle.executeUpdate(resumeUpdate);
    });
    assert.deepEqual(
      calls.filter(({ name }) => name === 'setBudget').map((call) => call.input['budgetUsd']),
      [100],
    );
  });
});
