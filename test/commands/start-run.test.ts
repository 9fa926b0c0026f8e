import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { Session } from '../../src/commands/session.ts';
import { startAgain, startAndFollow } from '../../src/commands/start-run.ts';
import type { Start, StartedRun } from '../../src/commands/start-run.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { ledgerId, workerIdentity } from '../../src/ledger/identity.ts';
import { claimRun, setRunStatus } from '../../src/ledger/runs.ts';
import type { Run } from '../../src/ledger/runs.ts';
import { parseBackfillInput, parseTrainInput } from '../../src/kinds/backfill/input.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const key = 'daily/sample/2026-01-31';
const start: Start = { workflow: 'dailyPipeline', key, input: { dataset: 'sample' }, priority: 1 };

/** A Temporal in which one workflow runs; the test says how it ends. */
class FakeTemporal {
  pollers: string[] = [];
  hidesWorkers = false;
  /** First run id of the execution that runs already; unset, nothing runs. */
  running: string | undefined;
  status = 'RUNNING';
  readonly started: string[] = [];
  #ends: ((end: Error | undefined) => void)[] = [];

  /** Ends whatever is waited for. */
  end(error?: Error): void {
    for (const end of this.#ends.splice(0)) end(error);
  }

  get isWaitedFor(): boolean {
    return this.#ends.length > 0;
  }

  get client(): unknown {
    const result = () =>
      new Promise<void>((resolve, reject) =>
        this.#ends.push((error) => (error === undefined ? resolve() : reject(error))),
      );
    const handle = {
      result,
      describe: async () => ({
        status: { name: this.status },
        runId: 'newest',
        raw: { workflowExecutionInfo: { firstRunId: this.running } },
      }),
    };
    return {
      options: { namespace: 'default' },
      workflowService: {
        describeTaskQueue: async () => {
          if (this.hidesWorkers) throw new Error('permission denied');
          return { pollers: this.pollers.map((identity) => ({ identity })) };
        },
      },
      workflow: {
        start: async (workflow: string) => {
          if (this.running !== undefined) {
            throw Object.assign(new Error('started'), { name: 'WorkflowExecutionAlreadyStartedError' });
          }
          this.started.push(workflow);
          this.running = 'new';
          return { ...handle, firstExecutionRunId: 'new' };
        },
        getHandle: () => handle,
      },
    };
  }
}

async function open(
  t: TestContext,
): Promise<{ database: Database; temporal: FakeTemporal; session: Session }> {
  const database = openDatabase(await testDatabase(t), 'test', 3);
  t.after(() => database.end());
  const temporal = new FakeTemporal();
  const session = {
    database,
    revive: async () => {},
    temporal: async () => temporal.client,
  } as unknown as Session;
  return { database, temporal, session };
}

/** As the activity of a workflow claims it. */
async function claim(database: Database, workflowRunId: string): Promise<Run> {
  return claimRun(
    database,
    {
      ...{ key, kind: 'dailyPipeline', dataset: 'sample', date: '2026-01-31', priority: 1, engine: 'local' },
      ...{ workflowId: key, workflowRunId, input: { dataset: 'sample' } },
    },
    async () => false,
  );
}

async function close(database: Database, run: Run, status: 'complete' | 'failed'): Promise<void> {
  await setRunStatus(database, run, { status, statement: `${run.workflowRunId} is ${status}` });
}

/** How often the database was asked since. */
function countQueries(database: Database): () => number {
  let count = 0;
  const query = database.query.bind(database) as (...given: unknown[]) => unknown;
  database.query = ((...given: unknown[]) => {
    count += 1;
    return query(...given);
  }) as Database['query'];
  return () => count;
}

const failed = (cause: Error) => new WorkflowFailedError('failed', cause, 'NON_RETRYABLE_FAILURE');

describe('who starts a run and follows it', () => {
  test('is not answered with the end of an earlier run while nobody has taken up this one', async (t) => {
    const { database, temporal, session } = await open(t);
    await close(database, await claim(database, 'old'), 'complete');
    temporal.running = 'new';
    let ended: StartedRun | undefined;
    const following = startAndFollow(session, undefined, start).then((run) => (ended = run));
    const looks = countQueries(database);
    // The second look begins when the first has been judged.
    await until('the ledger is asked three times', () => looks() >= 3);
    assert.equal(ended, undefined);
    await close(database, await claim(database, 'new'), 'failed');
    temporal.end(failed(ApplicationFailure.nonRetryable('left: metrics', 'RunIncomplete')));
    assert.equal((await following).run.statement, 'new is failed');
  });

  test('goes on watching through a reset, which terminates the execution that it replaces', async (t) => {
    const { database, temporal, session } = await open(t);
    const following = startAndFollow(session, undefined, start);
    await until('somebody waits for the run', () => temporal.isWaitedFor);
    const run = await claim(database, 'new');
    temporal.end(failed(new TerminatedFailure('reset')));
    await until('somebody waits for the run', () => temporal.isWaitedFor);
    await close(database, run, 'complete');
    temporal.end();
    assert.equal((await following).run.status, 'complete');
  });

  test('reports a workflow that was terminated', async (t) => {
    const { database, temporal, session } = await open(t);
    const following = startAndFollow(session, undefined, start);
    await until('somebody waits for the run', () => temporal.isWaitedFor);
    await claim(database, 'new');
    temporal.status = 'TERMINATED';
    temporal.end(failed(new TerminatedFailure('by hand')));
    await assert.rejects(following, { type: 'RunIncomplete', message: /ended from outside.*retry/ });
  });

  test('reports a workflow cancelled before it began, and none that ended elsewhere', async (t) => {
    for (const [end, message] of [
      [failed(new CancelledFailure('cancelled')), /was cancelled before it began/],
      [undefined, /left nothing in this database/],
    ] as const) {
      const { temporal, session } = await open(t);
      const following = startAndFollow(session, undefined, start);
      await until('somebody waits for the run', () => temporal.isWaitedFor);
      temporal.end(end);
      await assert.rejects(following, { message });
    }
  });

  test('starts nothing where the workers write to another database', async (t) => {
    const { database, temporal, session } = await open(t);
    const own = await ledgerId(database);
    assert.match(own!, /^[0-9a-f]{8}$/);
    temporal.pollers = [workerIdentity(7, 'host', '00000000')];
    await assert.rejects(startAndFollow(session, undefined, start), {
      type: 'InvalidInput',
      message: /another database.*nothing was started.*DATABASE_URL/,
    });
    assert.deepEqual(temporal.started, []);
    // A worker of an older version does not say, and one that is ours is enough.
    for (const pollers of [
      [workerIdentity(7, 'host', undefined)],
      ['x ledger 00000000', workerIdentity(7, 'host', own)],
    ]) {
      temporal.pollers = pollers;
      temporal.running = undefined;
      const following = startAndFollow(session, undefined, start);
      await until('somebody waits for the run', () => temporal.isWaitedFor);
      await close(database, await claim(database, 'new'), 'complete');
      temporal.end();
      await following;
    }
    assert.equal(temporal.started.length, 2);
  });

  test('starts where Temporal does not say who works', async (t) => {
    const { database, temporal, session } = await open(t);
    temporal.hidesWorkers = true;
    const following = startAndFollow(session, undefined, start);
    await until('somebody waits for the run', () => temporal.isWaitedFor);
    await close(database, await claim(database, 'new'), 'complete');
    temporal.end();
    assert.equal((await following).run.status, 'complete');
  });
});

test('two databases of one server are two ledgers', async (t) => {
  const [one, other] = [await open(t), await open(t)];
  assert.notEqual(await ledgerId(one.database), await ledgerId(other.database));
});

const ended = {
  ...{ runId: 'r', key: 'backfill/WTI/x', dataset: 'prices/WTI', date: null, status: 'failed', attempt: 1 },
  ...{ workflowId: 'w', workflowRunId: 'x', priority: 5, request: null, engine: 'local', statement: null },
  ...{ report: null, openedAt: new Date(), claimedAt: new Date(), finishedAt: null, budgetUsd: null },
} as unknown as Run;

describe('a retry', () => {
  test('keeps the budget that the run was given since', () => {
    const input = { dataset: 'sample', budgetUsd: 1 };
    assert.deepEqual(startAgain({ ...ended, kind: 'dailyPipeline', input, budgetUsd: 5 }).input, {
      dataset: 'sample',
      budgetUsd: 5,
    });
  });

  test('of what was redone is taken by its own workflow, and redoes what is left', () => {
    const input = { commodity: 'WTI', models: ['naive'], retrain: true };
    const training = startAgain({ ...ended, kind: 'trainForecastModels', input }).input;
    assert.deepEqual(training, input, 'which windows were trained since, only the run itself could tell');
    assert.ok(parseTrainInput(training).ok);
    const backfill = startAgain({ ...ended, kind: 'forecastBackfill', input: { ...input, plan: 'x' } }).input;
    assert.deepEqual(backfill, { commodity: 'WTI', models: ['naive'], redo: 'changed' });
    assert.ok(parseBackfillInput(backfill).ok);
  });
});
