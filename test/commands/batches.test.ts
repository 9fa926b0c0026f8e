import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Command } from 'commander';
import { register } from '../../src/commands/batches.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { register as registerLogs } from '../../src/commands/logs.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { dataprocSettings } from '../support/engine-settings.ts';
import { Dataproc } from '../../src/engines/dataproc/index.ts';
import { Bucket } from '../../src/engines/dataproc/bucket.ts';
import type { BatchObservation } from '../../src/engines/engine.ts';
import type { KeeperRequest } from '../../src/engines/local/protocol.ts';
import type { ExportedRecord } from '../../src/ledger/batch-record.ts';
import { recordObservation } from '../../src/ledger/batches.ts';
import { setRunStatus } from '../../src/ledger/runs.ts';
import type { Run } from '../../src/ledger/runs.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';
import { startObjectStore } from '../support/object-store.ts';
import type { ObjectStore } from '../support/object-store.ts';
import { testDatabase } from '../support/postgres.ts';

const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-batches-'));
const sparkSocket = join(stateFolder, 'spark.sock');
let databaseUrl: string;
let database: Database;
let objects: ObjectStore;
let run: Run;

/** What the keeper at the socket knows, and was asked to end. */
const kept = new Map<string, BatchObservation>();
const cancelled: string[] = [];
const keeper = createServer((socket) => {
  createInterface({ input: socket }).on('line', (line) => {
    const asked = JSON.parse(line) as KeeperRequest;
    assert.ok(asked.method === 'look' || asked.method === 'cancel', asked.method);
    const known = kept.get(asked.batchId);
    if (asked.method === 'cancel') cancelled.push(asked.batchId);
    const end = asked.method === 'cancel' ? { state: 'CANCELLED', message: 'Cancelled.' } : {};
    socket.end(`${JSON.stringify({ value: known ? { ...known, ...end } : null })}\n`);
  });
});

async function sevenfold(
  line: string,
  command = 'batches',
): Promise<{ text: string; json: Record<string, unknown> }> {
  const lines: string[] = [];
  let json: Record<string, unknown> = {};
  const out: CommandContext['out'] = {
    isTerminal: false,
    line: (text = '') => void lines.push(text),
    live() {},
    settle() {},
    json: (value) => void (json = JSON.parse(JSON.stringify(value)) as Record<string, unknown>),
  };
  const usual = readConfig({});
  const config: CommandContext['config'] = {
    ...usual,
    ...{ databaseUrl, stateFolder, sparkSocket, temporalAddress: '127.0.0.1:1' },
    engines: {
      ...usual.engines,
      dataproc: new Dataproc({
        ...dataprocSettings(usual),
        projectId: 'test-project',
        storageEndpoint: objects.endpoint,
      }),
    },
  };
  const program = new Command().exitOverride();
  for (const each of [register, registerLogs]) each(program, { config, out });
  await program.parseAsync(`${command} ${line}`.split(' '), { from: 'user' });
  return { text: lines.join('\n'), json };
}

before(async () => {
  databaseUrl = await testDatabase();
  database = openDatabase(databaseUrl, 'test');
  objects = await startObjectStore();
  await new Promise<void>((resolve) => keeper.listen(sparkSocket, resolve));
});
after(async () => {
  keeper.close();
  await database.end();
  await objects.stop();
  rmSync(stateFolder, { recursive: true });
});
afterEach(() => void (process.exitCode = undefined));

test('before anything was sent there is nothing to list, and an id leads nowhere', async () => {
  assert.equal((await sevenfold('list')).text, 'There is no such batch.');
  await assert.rejects(sevenfold('show sf-x'), /no batch "sf-x"\. None was sent yet/);
});

describe('batches of a run', () => {
  before(async () => {
    run = await claimedRun(database, '2026-02-01');
    await notedBatch(database, run, {
      batchId: 'sf-pool-ingest-0000000a',
      ...{ unit: 'ingest', job: 'pool_ingest' },
      fallback: { from: 'dataproc', reason: 'GCP_REGION is not set.' },
    });
    await recordObservation(
      database,
      {
        ...{ batchId: 'sf-pool-ingest-0000000a', state: 'SUCCEEDED', labels: {}, result: { rows: 3 } },
        ...{ startedAt: '2026-02-02T00:00:00Z', finishedAt: '2026-02-02T00:00:04.2Z' },
        usage: { seconds: 4.2, cpuSeconds: 5.5, peakMb: 512 },
        eventLog: {
          ...{ stages: 3, tasks: 12, failedTasks: 1, peakExecutorMb: 640 },
          ...{ cpuSeconds: 2.1, offeredCoreSeconds: 8.4, cpuShare: 0.25, shuffleMb: 1.5 },
        },
      },
      { usd: 0, seconds: 4.2, coreSeconds: 8.4, estimator: 'free' },
    );
    await notedBatch(database, run, { batchId: 'sf-pool-metrics-0000000b' });
  });

  test('list has a line a batch, the newest first, and says what fell back', async () => {
    const { text } = await sevenfold('list');
    const [, newest, oldest] = text.split('\n');
    assert.match(newest!, /^sf-pool-metrics-0000000b +metrics +1 +local +SUBMITTING/);
    assert.match(
      oldest!,
      /local \(not dataproc\) +SUCCEEDED +4\.2 s +0\.00 +0\.00 +daily\/sample\/2026-02-01/,
    );
  });

  test('list is narrowed by run, state and engine', async () => {
    const ids = async (options: string) =>
      ((await sevenfold(`list --json ${options}`)).json['batches'] as ExportedRecord[]).map(({ batch_id }) =>
        batch_id.slice(-1),
      );
    assert.deepEqual(await ids('--state succeeded'), ['a']);
    assert.deepEqual(await ids('--state open'), ['b']);
    assert.deepEqual(await ids('--engine dataproc'), []);
    assert.deepEqual(await ids(`--run ${run.key} --limit 1`), ['b']);
  });

  test('list refuses in one line what makes no sense', async () => {
    await assert.rejects(sevenfold('list --state SUCEEDED'), /--state .*Did you mean "SUCCEEDED"/);
    await assert.rejects(sevenfold('list --engine datproc'), /--engine .*Did you mean "dataproc"/);
    await assert.rejects(sevenfold('list --limit 0'), /--limit is "0"/);
    await assert.rejects(sevenfold('list --run daily/none'), /no run "daily\/none"/);
  });

  test('show says everything, estimate beside actual', async () => {
    const { text } = await sevenfold('show sf-pool-ingest-0000000a');
    for (const part of [
      /^sf-pool-ingest-0000000a · pool_ingest · SUCCEEDED$/m,
      /^run +daily\/sample\/2026-02-01 · running · ingest · attempt 1$/m,
      /^fallback +dataproc was asked for: GCP_REGION is not set\.$/m,
      /^resources +2 executors of 4 cores and 4 GB · driver of 4 cores and 6 GB · rule document$/m,
      /^states +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d SUBMITTING$/m,
      /^ +\d{4}.* SUCCEEDED$/m,
      /^used +4\.2 s · 5\.5 s of CPU · at most 512 MB$/m,
      /^Spark +3 stages · 12 tasks, 1 failed · 2\.1 s of 8\.4 core seconds used \(25 %\) · an executor held 640 MB/m,
      /^cost +estimate +actual$/m,
      /^seconds +60 +4\.2$/m,
      /^US dollars +0\.00 +0\.00$/m,
      /^log +.*batches\/sf-pool-ingest-0000000a\/driver\.log$/m,
    ]) {
      assert.match(text, part);
    }
  });

  test('show --json is the tracking record', async () => {
    const { json } = await sevenfold('show sf-pool-ingest-0000000a --json');
    assert.deepEqual(
      [json['batch_id'], json['state'], json['execution_mode'], json['fallback_from'], json['result']],
      ['sf-pool-ingest-0000000a', 'SUCCEEDED', 'local', 'dataproc', { rows: 3 }],
    );
  });

  test('an id that is not there leads to the nearest', async () => {
    await assert.rejects(
      sevenfold('show sf-pool-ingest-0000001a'),
      /Did you mean "sf-pool-ingest-0000000a"\?/,
    );
    await assert.rejects(sevenfold('logs 0000000b'), /Did you mean "sf-pool-metrics-0000000b"\?/);
    await assert.rejects(sevenfold('cancel something-else-entirely'), /The newest: sf-pool-metrics-0000000b/);
  });

  test('logs shows the file of a local batch, or says that there is none', async () => {
    const folder = join(stateFolder, 'batches', 'sf-pool-ingest-0000000a');
    assert.match(
      (await sevenfold('logs sf-pool-ingest-0000000a')).text,
      /driver\.log\n\(no log is kept of it\)/,
    );
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'driver.log'), 'one\ntwo\n');
    assert.match((await sevenfold('logs sf-pool-ingest-0000000a')).text, /driver\.log\none\ntwo$/);
    const { json } = await sevenfold('logs sf-pool-ingest-0000000a --json');
    assert.deepEqual([json['log'], json['kept']], [join(folder, 'driver.log'), true]);
  });

  test("logs shows a remote batch's output, in the order of its pieces", async () => {
    const batchId = 'automl-spark-pool-metrics-0000000c';
    await notedBatch(database, run, { batchId, unit: 'remote', engine: 'dataproc' });
    assert.match((await sevenfold(`logs ${batchId}`)).text, /has not said yet/);
    await objects.buckets('staging');
    const bucket = new Bucket({ projectId: 'test-project', name: 'staging', endpoint: objects.endpoint });
    await bucket.write('meta/driveroutput.000000001', 'second\n');
    await bucket.write('meta/driveroutput.000000000', 'first\n');
    const remote = { outputUri: 'gs://staging/meta/driveroutput' };
    await recordObservation(database, { batchId, state: 'RUNNING', labels: {}, remote });
    assert.equal(
      (await sevenfold(`logs ${batchId}`)).text,
      '── gs://staging/meta/driveroutput*\nfirst\nsecond',
    );
  });

  test('logs of the run has the output of both', async () => {
    const { text } = await sevenfold(run.key, 'logs');
    assert.match(text, /── sf-pool-ingest-0000000a · ingest · attempt 1 · SUCCEEDED\none\ntwo\n/);
    assert.match(text, /── automl-spark-pool-metrics-0000000c · remote · attempt 1 · RUNNING\nfirst\nsecond/);
    const { json } = await sevenfold(`${run.key} --json`, 'logs');
    const places = (json['batches'] as { log: string }[]).map(({ log }) => log);
    assert.ok(places.includes('gs://staging/meta/driveroutput*'));
    assert.equal(places.length, 3);
  });

  test('cancel ends one batch on its engine and leaves its run', async () => {
    const batchId = 'sf-pool-metrics-0000000b';
    kept.set(batchId, { batchId, state: 'RUNNING', labels: { 'run-id': run.runId } });
    const { text } = await sevenfold(`cancel ${batchId}`);
    assert.deepEqual(cancelled, [batchId]);
    assert.match(
      text,
      /is CANCELLED: Cancelled\.\nIts run goes on.*sevenfold cancel daily\/sample\/2026-02-01/,
    );
    await assert.rejects(sevenfold(`cancel ${batchId}`), /has ended: it is CANCELLED/);
    assert.equal(process.exitCode, undefined);
  });

  test('cancel of what the engine does not know leads to the run while that is open, and closes the record after', async () => {
    const batchId = 'sf-pool-metrics-0000000d';
    await notedBatch(database, run, { batchId, unit: 'unsent' });
    await assert.rejects(sevenfold(`cancel ${batchId}`), /does not know it here.*sevenfold cancel daily/);
    await setRunStatus(database, run, { status: 'failed' });
    const { json } = await sevenfold(`cancel ${batchId} --json`);
    assert.equal(json['state'], 'CANCELLED');
  });

  test('cancel of a batch whose engine cannot be set up says why', async () => {
    await assert.rejects(
      sevenfold('cancel automl-spark-pool-metrics-0000000c'),
      /was sent to dataproc, which cannot be reached: GCP_PROJECT_ID, GCP_REGION are not set.*--lost/,
    );
  });

  test('a batch whose engine is gone for good is given up by hand, so that it holds up nobody', async () => {
    const { text } = await sevenfold('cancel automl-spark-pool-metrics-0000000c --lost');
    assert.match(text, /0000000c is CANCELLED: Given up by hand: engine dataproc could not be asked/);
    await assert.rejects(sevenfold('cancel automl-spark-pool-metrics-0000000c --lost'), /has ended/);
  });
});
