import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { readConfig } from '../../src/config.ts';
import { createEngines } from '../../src/engines/choose.ts';
import type { Engines, EnginesOptions } from '../../src/engines/choose.ts';
import type { BatchRequest } from '../../src/engines/engine.ts';
import type { KeeperRequest } from '../../src/engines/local/protocol.ts';
import { readBatches, recordObservation } from '../../src/ledger/batches.ts';
import type { Run } from '../../src/ledger/runs.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { batchId } from '../../src/planning/batch-id.ts';
import { dataprocSettings } from '../support/engine-settings.ts';
import { testDependencies } from '../support/daily-run.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';

// No credentials, wherever this runs: nobody answers for the metadata server, and nothing lies where files are looked for.
const nothing = mkdtempSync(path.join(tmpdir(), 'sevenfold-choose-'));
after(() => rmSync(nothing, { recursive: true, force: true }));
Object.assign(process.env, { GCE_METADATA_HOST: '127.0.0.1:1', CLOUDSDK_CONFIG: nothing });
delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];

const dataproc = { ENABLE_DATAPROC_SERVERLESS: 'true' };
const project = { GCP_PROJECT_ID: 'nobody', GCP_REGION: 'us-central1' };
const queue = { USE_GCP_QUEUE: 'true' };
const standalone = { SPARK_MASTER_URL: 'spark://127.0.0.1:7077' };

interface Reports {
  warnings: string[];
}

function enginesOf(
  t: TestContext,
  environment: Record<string, string>,
  more: Partial<EnginesOptions> = {},
): Engines & Reports {
  const warnings: string[] = [];
  const log = {
    warn: (...args: unknown[]) => void warnings.push(args.map((arg) => JSON.stringify(arg)).join(' ')),
    info: () => undefined,
  } as unknown as EnginesOptions['log'];
  const config = readConfig(environment);
  const engines = createEngines({ config, sparkSocket: path.join(nothing, 'no.sock'), log, ...more });
  t.after(() => engines.close());
  return Object.assign(engines, { warnings });
}

test('the run decides, then the environment: dataproc, queue, standalone, local', async (t) => {
  const cases: [string, Record<string, string>, Parameters<Engines['place']>[0], string][] = [
    ['nothing is said', {}, undefined, 'local'],
    ['a cluster is known', standalone, undefined, 'standalone'],
    ['queue before standalone', { ...queue, ...standalone }, undefined, 'queue'],
    ['the run asks for the cluster', { ...queue, ...standalone }, 'standalone', 'standalone'],
    ['the run asks for this machine', { ...dataproc, ...project, ...queue }, 'local', 'local'],
    ['the run asks for the queue', { ...standalone }, 'queue', 'queue'],
  ];
  for (const [what, environment, asked, expected] of cases) {
    const placement = await enginesOf(t, environment).place(asked);
    assert.equal(placement.mode, expected, what);
    assert.ok(!('fallback' in placement), what);
    if ('engine' in placement) assert.equal(placement.engine.name, expected, what);
  }
});

test('missing variables: local, with the variables as the reason', async (t) => {
  const engines = enginesOf(t, { ...dataproc, ...queue });
  const placement = await engines.place();
  assert.ok(placement.mode === 'local' && placement.engine.name === 'local');
  assert.deepEqual(placement.fallback, {
    from: 'dataproc',
    reason: 'GCP_PROJECT_ID, GCP_REGION are not set.',
  });
  assert.match(engines.warnings.join('\n'), /GCP_PROJECT_ID/);
  const [, region] = Object.entries(project);
  const one = await enginesOf(t, { ...dataproc, GCP_PROJECT_ID: 'nobody' }).place();
  assert.match(
    (one as { fallback: { reason: string } }).fallback.reason,
    new RegExp(`^${region![0]} is not set\\.$`),
  );
  const cluster = await enginesOf(t, {}).place('standalone');
  assert.deepEqual((cluster as { fallback?: unknown }).fallback, {
    from: 'standalone',
    reason: 'SPARK_MASTER_URL is not set.',
  });
});

test('missing credentials: local, within seconds, asked for once for many batches', async (t) => {
  const engines = enginesOf(t, { ...dataproc, ...project });
  const began = Date.now();
  const placements = await Promise.all(Array.from({ length: 20 }, () => engines.place()));
  assert.ok(Date.now() - began < 15_000, 'nobody waits for the library');
  for (const placement of placements) {
    assert.equal(placement.mode, 'local');
    const { reason, from } = (placement as { fallback: { reason: string; from: string } }).fallback;
    assert.equal(from, 'dataproc');
    assert.match(reason, /^Dataproc cannot be reached: .*credentials.*\.$/);
    assert.doesNotMatch(reason, /\n/);
  }
  await assert.rejects(engines.named('dataproc'), { type: 'InvalidInput', message: /credentials/ });
  const again = Date.now();
  await engines.place();
  assert.ok(Date.now() - again < 100, 'the answer is remembered for a while');
});

test('SPARK_FALLBACK=off is an error in one line, for every way in which an engine can be missing', async (t) => {
  const off = { SPARK_FALLBACK: 'off' };
  for (const [environment, asked, reason] of [
    [{ ...dataproc, ...off }, undefined, /GCP_PROJECT_ID/],
    [{ ...dataproc, ...project, ...off }, undefined, /credentials/],
    [off, 'standalone', /SPARK_MASTER_URL/],
  ] as const) {
    await assert.rejects(enginesOf(t, environment).place(asked), (error: Error & { type?: string }) => {
      assert.equal(error.type, 'InvalidInput');
      assert.match(error.message, reason);
      assert.match(error.message, /SPARK_FALLBACK is off\.$/);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

test('a worker that serves the queue never hands on what came from it', async (t) => {
  const serving = { servesQueue: true };
  for (const [environment, expected] of [
    [queue, 'local'],
    [{ ...queue, ...standalone }, 'standalone'],
  ] as const) {
    const engines = enginesOf(t, environment, serving);
    assert.equal((await engines.place()).mode, expected);
    assert.equal((await engines.place('queue')).mode, expected, 'the run asked for the queue: this is it');
  }
  const behind = await enginesOf(t, { ...queue, ...dataproc }, serving).place('queue');
  assert.equal((behind as { fallback?: { from: string } }).fallback?.from, 'dataproc');
  const asked = await enginesOf(t, { ...queue, ...standalone }, serving).place('local');
  assert.equal(asked.mode, 'local', 'the wish of a run counts here too');
});

test('what a run asks for wins over every variable', async (t) => {
  const everything = { ...queue, ...standalone, ...dataproc, ...project, USE_LOCAL_SPARK: 'true' };
  for (const asked of ['local', 'standalone', 'queue']) {
    assert.equal((await enginesOf(t, everything).place(asked)).mode, asked);
  }
  const remote = await enginesOf(t, { ...queue, ...standalone }).place('dataproc');
  assert.equal((remote as { fallback?: { from: string } }).fallback?.from, 'dataproc');
});

/** A keeper that says of every batch that it succeeded. */
async function willingKeeper(t: TestContext): Promise<{ socket: string; submitted: string[] }> {
  const socket = path.join(mkdtempSync(path.join(nothing, 'k-')), 'keeper.sock');
  const submitted: string[] = [];
  const server = createServer((connection) => {
    createInterface({ input: connection }).on('line', (line) => {
      const asked = JSON.parse(line) as KeeperRequest;
      if (asked.method !== 'submit') return connection.end('{}\n');
      const { batchId, labels } = asked.request;
      submitted.push(batchId);
      connection.end(`${JSON.stringify({ value: { batchId, state: 'SUCCEEDED', labels } })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  return { socket, submitted };
}

async function openUnit(
  t: TestContext,
  environment: Record<string, string>,
): Promise<{ deps: Dependencies; run: Run; fence: Fence; submitted: string[] }> {
  const { socket, submitted } = await willingKeeper(t);
  const base = await testDependencies(t);
  const deps: Dependencies = {
    ...base,
    config: { ...readConfig(environment), stateFolder: base.config.stateFolder },
    engines: enginesOf(t, environment, { sparkSocket: socket }),
  };
  const run = await claimedRun(deps.database, '2026-01-31');
  await layOutUnits(deps.database, run.runId, ['metrics']);
  return { deps, run, fence: await beginAttempt(deps.database, run.runId, 'metrics', 'f'), submitted };
}

function watch(deps: Dependencies, fence: Fence): Promise<BatchOutcome> {
  const work = () => runBatch(deps, { fence, job: 'probe', input: {}, timeoutMs: 60_000 });
  return new MockActivityEnvironment().run<[], BatchOutcome, typeof work>(work);
}

test('a batch that fell back says so in its row, and is no batch of the other engine by its name', async (t) => {
  const { deps, fence, submitted } = await openUnit(t, dataproc);
  const outcome = await watch(deps, fence);
  assert.deepEqual([outcome.succeeded, outcome.engine], [true, 'local']);
  const { rows } = await deps.database.query(
    'select engine, fallback_from as "from", fallback_reason as reason from batches',
  );
  assert.deepEqual(rows, [
    { engine: 'local', from: 'dataproc', reason: 'GCP_PROJECT_ID, GCP_REGION are not set.' },
  ]);
  assert.deepEqual(submitted, [outcome.batchId]);
  assert.match(outcome.batchId, /^sf-/);
});

test('a batch that was sent to another engine is never done here instead', async (t) => {
  const { deps, run, fence, submitted } = await openUnit(t, dataproc);
  const id = batchId(
    dataprocSettings(deps.config).batchPrefix,
    'probe',
    `${run.key} ${run.runId}`,
    'metrics',
    1,
  );
  await notedBatch(deps.database, run, { batchId: id, job: 'probe', engine: 'dataproc' });
  // Waiting does not set a variable: as Infrastructure it would be asked again for ever.
  const unreachable = {
    type: 'InvalidInput',
    message: `Batch ${id} was sent to dataproc, which cannot be reached: GCP_PROJECT_ID, GCP_REGION are not set. Set that again, or, if nothing of it runs there any more: npx sevenfold batches cancel ${id} --lost`,
  };
  await assert.rejects(watch(deps, fence), unreachable);
  assert.deepEqual(submitted, []);
  const newer = await beginAttempt(deps.database, run.runId, 'metrics', 'f');
  await assert.rejects(watch(deps, newer), unreachable, 'nor a new attempt while the old one may live');
  assert.deepEqual(submitted, []);
  assert.deepEqual(await cancelBatches(deps, { runId: run.runId }), { cancelled: 1 }, 'a cancel always ends');
  const old = (await readBatches(deps.database, run.runId)).find(({ batchId: one }) => one === id);
  assert.match(old?.stateMessage ?? '', /could not be ended\. .*not set\. .*sevenfold batches cancel/);
});

test('an ended batch of an engine that is no longer set holds up no newer attempt', async (t) => {
  const { deps, run, submitted } = await openUnit(t, dataproc);
  const id = batchId(
    dataprocSettings(deps.config).batchPrefix,
    'probe',
    `${run.key} ${run.runId}`,
    'metrics',
    1,
  );
  await notedBatch(deps.database, run, { batchId: id, job: 'probe', engine: 'dataproc' });
  await recordObservation(deps.database, { batchId: id, state: 'FAILED', labels: {}, message: 'lost' });
  const outcome = await watch(deps, await beginAttempt(deps.database, run.runId, 'metrics', 'f'));
  assert.deepEqual([outcome.succeeded, outcome.engine], [true, 'local']);
  assert.deepEqual(submitted, [outcome.batchId]);
});

test('a cluster that a run names is asked itself, not the page of the one that is set', async (t) => {
  let asked = 0;
  const page = createHttpServer((_, answer) => {
    asked += 1;
    answer.end('{}');
  });
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  t.after(() => page.close());
  const ui = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  const request = { resources: {} } as unknown as BatchRequest;
  for (const [environment, master, where] of [
    [{ ...standalone, SPARK_MASTER_UI_URL: ui }, 'spark://127.0.0.9:7077', 'at http://127.0.0.9:8080'],
    [{ ...standalone, SPARK_MASTER_UI_URL: ui }, undefined, 'No worker of spark://127.0.0.1:7077'],
    [{ SPARK_MASTER_UI_URL: ui }, 'spark://127.0.0.9:7077', 'No worker of spark://127.0.0.9:7077'],
  ] as const) {
    asked = 0;
    const placement = await enginesOf(t, environment).place('standalone', master);
    assert.ok('engine' in placement);
    await assert.rejects(placement.engine.create(request, {}), (error: Error) =>
      error.message.includes(where),
    );
    assert.equal(asked, where.startsWith('at') ? 0 : 1, where);
  }
});

test('what goes to the queue is refused by a worker that does not serve it, with the command that does', async (t) => {
  const { deps, fence, submitted } = await openUnit(t, queue);
  await assert.rejects(watch(deps, fence), {
    type: 'InvalidInput',
    message: /node launch\.mjs worker --queue spark/,
  });
  assert.deepEqual(submitted, []);
});
