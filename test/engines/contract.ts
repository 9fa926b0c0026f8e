import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import type { BatchOutcome, RunBatchInput } from '../../src/activities/run-batch.ts';
import { openRun } from '../../src/kinds/daily/opening.ts';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/pool.ts';
import { findBatch, readBatches } from '../../src/ledger/batches.ts';
import { beginAttempt } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { addDays } from '../../src/planning/days.ts';
import { dailyPhases } from '../../src/kinds/daily/phases.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { read } from './support.ts';
import { until } from '../support/until.ts';

/** One engine as the contract sees it: batches are watched by workers that can be lost. */
export interface ContractRig {
  deps: Dependencies;
  /** Where jobs and workers find their failure points. */
  failpoints: string;
  /** One execution of `runBatch` by a worker. */
  watch(input: RunBatchInput): Watch;
  /** What a worker does for a run that is cancelled. */
  cancel(runId: string): Promise<{ cancelled: number }>;
  /** The next create does its work, but nobody hears of it. */
  loseNextAnswer(): Promise<void>;
  close(): Promise<void>;
}

export interface Watch {
  outcome: Promise<BatchOutcome>;
  /** Takes the worker away from under it; the next watch of the same input takes over, unless this one keeps watching. */
  lose(): Promise<void>;
  /** Temporal retries the activity of a lost worker by itself. */
  keepsWatching: boolean;
}

export interface ContractOptions {
  engine: string;
  open: () => Promise<ContractRig>;
  /** A stopped zombie cannot be reached by the cancel of its successor: it lives to be let go. */
  zombieSurvives?: (batchId: string) => Promise<void>;
}

/** What every engine must do. The same tests for each, with real processes, a real database, and jobs that really run. */
export function contract(name: string, { engine, open }: ContractOptions): void {
  suite(`contract: ${name}`, { concurrency: false }, () => {
    let rig: ContractRig;
    let database: Database;
    let day = '2026-01-01';

    before(async () => {
      rig = await open();
      database = rig.deps.database;
      await database.query(
        `create table if not exists probe_starts (batch_id text, pid integer);
         create table if not exists probe_rows (unit text, id integer, value double precision, attempt integer)`,
      );
    });
    after(() => rig?.close());

    async function openUnit(): Promise<Fence> {
      day = addDays(day, 1);
      const { runId } = await openRun(rig.deps, {
        kind: 'dailyPipeline',
        units: dailyPhases,
        key: `daily/sample/${day}`,
        date: day,
        input: { dataset: 'sample', date: day },
        priority: 1,
        workflowId: `w-${day}`,
        workflowRunId: 'r',
      });
      return nextAttempt(runId);
    }

    const nextAttempt = (runId: string): Promise<Fence> => beginAttempt(database, runId, 'metrics', 'f');
    const asked = (fence: Fence, input: Record<string, unknown>, timeoutMs = 120_000): RunBatchInput => ({
      fence,
      job: 'probe',
      input,
      timeoutMs,
    });
    const startsOf = async (batchId: string): Promise<number> => {
      const found = await database.query('select 1 from probe_starts where batch_id = $1', [batchId]);
      return found.rowCount ?? 0;
    };
    const rowsOf = async (): Promise<{ attempt: number }[]> =>
      (
        await database.query<{ attempt: number }>(
          'select unit, id, value, attempt from probe_rows order by unit, id',
        )
      ).rows;

    function arm(point: string): void {
      for (const ending of ['.hit', '.go'])
        rmSync(path.join(rig.failpoints, point + ending), { force: true });
      writeFileSync(path.join(rig.failpoints, point), '');
    }
    const reached = (point: string): Promise<number> =>
      until(`a process halts at ${point}`, () => {
        const hit = read(path.join(rig.failpoints, `${point}.hit`));
        return hit?.endsWith('}') ? (JSON.parse(hit) as { pid: number }).pid : undefined;
      });
    const letGo = (point: string): void => writeFileSync(path.join(rig.failpoints, `${point}.go`), '');

    test('a batch runs to its end, and its row says where, how long and for how much', async () => {
      const fence = await openUnit();
      const outcome = await rig.watch(asked(fence, { do: 'start' })).outcome;
      assert.deepEqual([outcome.succeeded, outcome.message], [true, undefined]);
      const [batch] = await readBatches(database, fence.runId);
      assert.deepEqual([batch?.state, batch?.engine], ['SUCCEEDED', engine]);
      const { rows } = await database.query<Record<string, unknown>>(
        `select cost_estimate ->> 'seconds' as estimate, cost_actual ->> 'seconds' as actual,
                resources ->> 'memoryFactor' as factor, data_analysis ->> 'estimateSource' as source,
                (select array_agg(h ->> 'state') from jsonb_array_elements(state_history) h) as states
           from batches where batch_id = $1`,
        [outcome.batchId],
      );
      const row = rows[0] as {
        estimate: string;
        actual: string;
        factor: string;
        source: string;
        states: string[];
      };
      assert.deepEqual([row.factor, row.source], ['1', 'nothing known']);
      assert.ok(Number(row.estimate) > 0 && Number(row.actual) > 0);
      assert.deepEqual(row.states.slice(0, 2), ['SUBMITTING', 'SUBMITTED']);
      assert.equal(row.states.at(-1), 'SUCCEEDED');
    });

    test('a worker that is lost leaves its batch running, and the next adopts it', async () => {
      const input = asked(await openUnit(), { do: 'start', hold: true });
      arm('probe-running');
      const first = rig.watch(input);
      await reached('probe-running');
      await first.lose();
      const second = first.keepsWatching ? first : rig.watch(input);
      letGo('probe-running');
      const outcome = await second.outcome;
      assert.equal(outcome.succeeded, true);
      assert.equal(await startsOf(outcome.batchId), 1);
      assert.equal((await findBatch(database, outcome.batchId))?.watchers, 2);
    });

    test('an answer that is lost on create leaves one batch', async () => {
      const input = asked(await openUnit(), { do: 'start' });
      await rig.loseNextAnswer();
      const first = rig.watch(input);
      const outcome = await first.outcome.catch(() => rig.watch(input).outcome);
      assert.equal(outcome.succeeded, true);
      assert.equal(await startsOf(outcome.batchId), 1);
      assert.equal((await readBatches(database, input.fence.runId)).length, 1);
    });

    test('a cancel is confirmed, and nothing of the batch runs any more', async () => {
      const input = asked(await openUnit(), { do: 'wait' });
      arm('probe-running');
      const watched = rig.watch(input);
      const pid = await reached('probe-running');
      assert.deepEqual(await rig.cancel(input.fence.runId), { cancelled: 1 });
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
      const outcome = await watched.outcome;
      assert.deepEqual([outcome.succeeded, outcome.errorType], [false, 'Cancelled']);
      assert.equal((await findBatch(database, outcome.batchId))?.state, 'CANCELLED');
      assert.deepEqual(await rig.cancel(input.fence.runId), { cancelled: 0 });
    });

    test('a failure arrives as its type and the words of the job', async () => {
      const refused = await rig.watch(asked(await openUnit(), { do: 'refuse' })).outcome;
      assert.deepEqual(
        [refused.succeeded, refused.errorType, refused.message],
        [false, 'InvalidInput', 'pools.csv, line 7: tvl is negative.'],
      );
      const broken = await rig.watch(asked(await openUnit(), { do: 'fail' })).outcome;
      assert.deepEqual(
        [broken.errorType, broken.message],
        ['JobFailed', 'ZeroDivisionError: division by zero'],
      );
    });

    test('a batch that runs out of memory says so, and its next attempt is given more', async () => {
      const fence = await openUnit();
      const outcome = await rig.watch(asked(fence, { do: 'fill_memory' })).outcome;
      assert.deepEqual([outcome.succeeded, outcome.errorType], [false, 'OutOfMemory']);
      const again = await rig.watch(asked(await nextAttempt(fence.runId), { do: 'start' })).outcome;
      assert.equal(again.succeeded, true);
      const { rows } = await database.query(
        `select resources ->> 'memoryFactor' as factor from batches where run_id = $1 order by attempt`,
        [fence.runId],
      );
      assert.deepEqual(rows, [{ factor: '1' }, { factor: '2' }]);
    });

    test('the time limit ends a batch', async () => {
      const outcome = await rig.watch(asked(await openUnit(), { do: 'wait' }, 3_000)).outcome;
      assert.deepEqual(
        [outcome.errorType, outcome.message],
        ['TimedOut', 'It ran longer than its limit of 3 s and was ended.'],
      );
    });

    test('what a job says of its progress is in the ledger while it runs', async () => {
      const input = asked(await openUnit(), { do: 'progress' });
      arm('probe-running');
      const watched = rig.watch(input);
      await reached('probe-running');
      const { rows } = await database.query(
        `select progress - 'at' as progress from batches where run_id = $1`,
        [input.fence.runId],
      );
      assert.deepEqual(rows, [{ progress: { done: 3, total: 4, note: 'pools' } }]);
      letGo('probe-running');
      assert.equal((await watched.outcome).succeeded, true);
    });

    test('tasks give the bytes that a process without an engine gives', async () => {
      const outcome = await rig.watch(asked(await openUnit(), { do: 'digest' })).outcome;
      assert.deepEqual([outcome.message, outcome.result], [undefined, { digest: digestWithoutEngine() }]);
    });

    for (const point of ['before-commit', 'mid-copy'] as const) {
      test(`a zombie that was stopped at ${point} and wakes up changes nothing and blocks nobody`, async () => {
        const fence = await openUnit();
        arm(point);
        const zombie = rig.watch(asked(fence, { do: 'write', value: 1 }));
        const pid = await reached(point);
        process.kill(pid, 'SIGSTOP');
        await zombie.lose();
        const newer = await nextAttempt(fence.runId);
        const outcome = await rig.watch(asked(newer, { do: 'write', value: 2 })).outcome;
        assert.deepEqual([outcome.succeeded, outcome.message], [true, undefined]);
        const written = await rowsOf();
        assert.ok(written.some((row) => row.attempt === newer.attempt));
        letGo(point);
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // ended with its batch, as it should be
        }
        await until('the zombie is gone', async () => {
          const sessions = await database.query(
            `select 1 from pg_stat_activity where application_name like '%-a' || $1 and application_name like '%probe%'`,
            [fence.attempt],
          );
          return sessions.rowCount === 0 ? true : undefined;
        });
        assert.deepEqual(await rowsOf(), written);
        await database.query('truncate probe_rows');
        await zombie.outcome.catch(() => undefined);
      });
    }
  });
}

/** SHA-256 over what the probe draws and solves with NumPy, in one process and by one thread, as on every engine. */
function digestWithoutEngine(): string {
  const { checkout, stateFolder } = readConfig();
  const spark = path.join(checkout, 'spark');
  return execFileSync(
    locateToolchain(stateFolder).python,
    ['-c', 'from sevenfold_jobs.probe.main import digest_alone; print(digest_alone())'],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        PYTHONPATH: [spark, path.join(spark, 'tests', 'jobs')].join(path.delimiter),
        OPENBLAS_NUM_THREADS: '1',
      },
    },
  ).trim();
}
