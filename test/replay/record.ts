/**
 * Records the histories beside this file anew, from the workflow as it is, on the development server:
 *
 *     node --import tsx test/replay/record.ts [name …]
 *
 * Name a new history for a new way through a workflow, and say in replay.test.ts what it must hold. One that is there is
 * written anew only where old runs need not survive the change: what is stored stands for the runs that are open out there.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities/index.ts';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { scriptedActivities, watchForever } from '../support/scripted-activities.ts';
import { developmentServer, withWorker } from '../support/temporal.ts';

/** Histories lie by the version that recorded them, which stand beside each other while runs of either may be open. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Those that are named alone; all where none is. */
const named = process.argv.slice(2);
const backfill = { commodity: 'WTI', models: ['naive'], start: '2021-03-02', end: '2021-03-05' };
const input = { dataset: 'sample', date: '2026-01-31' };

const server = await developmentServer();
try {
  await record('success', {});
  await record('evaluation', {});
  await record('live', {
    planFetch: async () => [
      { name: 'llama-pools', after: [], patienceMinutes: 120, sliced: false },
      { name: 'llama-charts', after: ['llama-pools'], patienceMinutes: 120, sliced: true },
    ],
    countWanted: async () => 450,
  });
  await recordApproval();
  await record('failed-check', {
    verifyPhase: async ({ phase }) => ({
      complete: phase !== 'prefilter',
      reason: 'rows: found 3, expected 4',
    }),
  });
  await record('cancel', { runBatch: watchForever }, async (handle) => {
    await untilActivity(handle, 'runBatch');
    await handle.cancel();
  });
  await recordPauseAndResume();
  await record('retry', {
    runBatch: once(
      {
        batchId: 'sf-1',
        engine: 'local',
        succeeded: false,
        errorType: 'Infrastructure',
        message: 'the JVM died',
      },
      { batchId: 'sf-2', engine: 'local', succeeded: true },
    ),
  });
  await recordWorkerLost();
  await recordRetryByHand();
  await record('backfill', repaired(1));
  await record('backfill-delta', repaired(1));
  await recordPartialBackfill();
  await record('import-prices', {});
  await record('cross-validation', repairedFits());
  await record('training', repairedFits());
  await record('scoring', {});
} finally {
  await server.teardown();
}

type Batch = Awaited<ReturnType<Activities['runBatch']>>;

async function start(name: string): Promise<WorkflowHandle> {
  const others: Record<string, [string, object]> = {
    live: ['dailyPipeline', { ...input, dataset: 'live' }],
    approval: ['dailyPipeline', { ...input, dataset: 'live', portfolio: 'onchain', approval: true }],
    evaluation: ['evaluatePools', { ...input, days: 15 }],
    backfill: ['forecastBackfill', backfill],
    'backfill-delta': ['forecastBackfill', { ...backfill, sink: 'delta', sinkPath: '/data/distributions' }],
    'backfill-partial': ['forecastBackfill', backfill],
    'import-prices': ['importPrices', { sample: true }],
    'cross-validation': ['crossValidation', { dataset: 'survival', task: 'survival' }],
    training: ['trainModel', { dataset: 'bank', target: 'deposit' }],
    scoring: ['scoreRows', { model: '0123456789abcdef', dataset: '/data/new.csv' }],
  };
  const [workflow, given] = others[name] ?? ['dailyPipeline', input];
  return server.client.workflow.start(workflow, { workflowId: name, taskQueue: 'sevenfold', args: [given] });
}

/** Through the command line, whose JSON is what people save from the UI as well. */
async function store(name: string): Promise<void> {
  const { temporal } = locateToolchain(readConfig().stateFolder);
  const args = [
    'workflow',
    'show',
    '--workflow-id',
    name,
    '--output',
    'json',
    '--address',
    server.address,
    '--namespace',
    server.namespace!,
  ];
  const { stdout } = await promisify(execFile)(temporal, args, { maxBuffer: 16 * 1024 * 1024 });
  const history = JSON.parse(stdout, withoutThisMachine) as { events: unknown[] };
  mkdirSync(new URL(`histories/${version}`, import.meta.url), { recursive: true });
  writeFileSync(
    new URL(`histories/${version}/${name}.json`, import.meta.url),
    `${JSON.stringify(history, null, 1)}\n`,
  );
  process.stdout.write(`${name}: ${history.events.length} events\n`);
}

/** Stack traces and process names say where a history was recorded, which is nobody's business. */
function withoutThisMachine(key: string, value: unknown): unknown {
  if (key === 'stackTrace' || key === 'identity') return '';
  // The sticky queue is called after its worker's process.
  if (key === 'name' && typeof value === 'string' && /^\d+@/.test(value)) return 'sticky';
  return value;
}

async function record(
  name: string,
  script: Partial<Activities>,
  during: (handle: WorkflowHandle) => Promise<void> = async () => {},
): Promise<void> {
  if (named.length > 0 && !named.includes(name)) return;
  await withWorker(server, scriptedActivities(script).activities, async () => {
    const handle = await start(name);
    await during(handle);
    await handle.result().catch(() => {});
  });
  await store(name);
}

async function recordPauseAndResume(): Promise<void> {
  const gate = openGate();
  await record('pause-and-resume', { snapshotSettings: () => gate.promise }, async (handle) => {
    await untilActivity(handle, 'snapshotSettings');
    await handle.executeUpdate('pause');
    gate.resolve();
    await untilActivity(handle, 'setRunStatus');
    await handle.executeUpdate('resume');
  });
}

/** A person retries a failed phase of a paused run. */
async function recordRetryByHand(): Promise<void> {
  const gate = openGate();
  let tries = 0;
  const prefilterPools = async () => {
    tries += 1;
    if (tries > 1) return;
    await gate.promise;
    throw ApplicationFailure.nonRetryable('None of the 4 pools passes the filters.', 'InvalidInput');
  };
  await record('retry-by-hand', { prefilterPools }, async (handle) => {
    await untilActivity(handle, 'prefilterPools');
    await handle.executeUpdate('pause');
    gate.resolve();
    await untilActivity(handle, 'setRunStatus');
    await handle.executeUpdate('retryFailed');
    await handle.executeUpdate('resume');
  });
}

/** A person rejects what a day proposes, at the second try with a reason. */
async function recordApproval(): Promise<void> {
  await record('approval', {}, async (handle) => {
    await untilActivity(handle, 'proposeAllocation');
    for (;;) {
      const given = { by: 'ann', reason: 'too much in one pool' };
      const answer = handle.executeUpdate('reject', { args: [given] }).catch(() => undefined);
      // Refused until the proposal is on record.
      if ((await answer) !== undefined) return;
      await sleep(50);
    }
  });
}

/** Three chunks of dates; one date of the first fails by itself as often as is said, and goes into the next round. */
function repaired(failures: number): Partial<Activities> {
  let rounds = 0;
  let failed = 0;
  return {
    planRound: async ({ unit }) => {
      if (unit === 'train') return { first: 1, last: 0, waiting: false };
      rounds += 1;
      if (rounds === 1) return { first: 1, last: 3, waiting: false };
      return { first: 4, last: rounds <= failures + 1 ? 4 : 3, waiting: rounds === 2 };
    },
    beginChunk: async ({ runId, chunk }) => ({
      fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
      job: 'forecast_infer',
      input: { chunk },
    }),
    runBatch: async ({ job, input: { chunk } }) => {
      const fails = job === 'forecast_infer' && (chunk === 1 || chunk === 4) && failed < failures;
      if (fails) failed += 1;
      const part = [{ dates: ['2021-03-03'], errorType: 'Infrastructure', message: 'lost' }];
      return {
        batchId: 'sf-1',
        engine: 'local',
        succeeded: true,
        ...(fails && { result: { failed: part } }),
      };
    },
  };
}

/** Folds, three batches of fits of which one is repeated, the choice, the refit. */
function repairedFits(): Partial<Activities> {
  const fits = repaired(1);
  return {
    planRound: fits.planRound!,
    beginChunk: async (chunk) => ({
      ...(await fits.beginChunk!(chunk))!,
      job: 'cv_fit',
      placement: { engine: 'local', withoutSpark: true },
    }),
    runBatch: async (request) =>
      fits.runBatch!(request.job === 'cv_fit' ? { ...request, job: 'forecast_infer' } : request),
  };
}

/** A person narrows the run and leaves a date out; another date stays undone. */
async function recordPartialBackfill(): Promise<void> {
  const gate = openGate();
  const script = repaired(0);
  await record(
    'backfill-partial',
    {
      ...script,
      runBatch: async (request) => {
        await gate.promise;
        return script.runBatch!(request);
      },
      verifyPhase: async ({ phase }) => ({
        complete: phase !== 'infer',
        reason: 'rows: found 3, expected 4',
      }),
    },
    async (handle) => {
      await untilActivity(handle, 'runBatch');
      await handle.executeUpdate('setConcurrency', { args: [1] });
      const ranges = [{ first: '2021-03-03', last: '2021-03-03' }];
      await handle.executeUpdate('skip', { args: [{ ranges, reason: 'holiday' }] });
      gate.resolve();
    },
  );
}

/** The first worker never answers and never heartbeats; after the heartbeat time-out a second one takes over. */
async function recordWorkerLost(): Promise<void> {
  let watchers = 0;
  const runBatch = async (): Promise<Batch> => {
    watchers += 1;
    return watchers === 1 ? watchForever() : { batchId: 'sf-1', engine: 'local', succeeded: true };
  };
  await record('worker-lost', { runBatch });
}

/** Promise.withResolvers, which Node 20 lacks. */
function openGate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

function once(first: Batch, then: Batch): Activities['runBatch'] {
  let calls = 0;
  return async () => ((calls += 1) === 1 ? first : then);
}

async function untilActivity(handle: WorkflowHandle, type: string): Promise<void> {
  for (;;) {
    const { events } = await handle.fetchHistory();
    const scheduled = events?.some(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === type,
    );
    const { raw } = await handle.describe();
    const pending = raw.pendingActivities?.some(({ activityType }) => activityType?.name === type);
    if (scheduled || pending) return;
    await sleep(20);
  }
}
