import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import type { Engine } from '../../src/engines/engine.ts';
import type { FailureType } from '../../src/failures.ts';
import { findBatch, readBatches } from '../../src/ledger/batches.ts';
import { beginAttempt } from '../../src/ledger/units.ts';
import { startTestDataproc } from '../support/dataproc.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { until } from '../support/until.ts';
import { contentOf, endOf, labels, objectsOf, openUnit, scratch, watch } from './dataproc-batches.ts';
import { probe } from './support.ts';

describe('the engine on Dataproc Serverless, its batches on a timer', () => {
  let dataproc: TestDataproc;
  let engine: Engine;
  /** Gives up sooner than a loaded machine answers: only for calls that fail whatever happens. */
  let hasty: Engine;
  before(async () => {
    dataproc = await startTestDataproc({ jobs: { runningMs: 300_000 }, pendingMs: 20 });
    engine = await dataproc.engine();
    hasty = await dataproc.engine({ callTimeoutMs: 400 });
  });
  after(async () => {
    await engine?.close();
    await hasty?.close();
    await dataproc?.stop();
  });

  const refused: [number, FailureType][] = [
    [14, 'Infrastructure'],
    [4, 'Infrastructure'],
    [10, 'Infrastructure'],
    [13, 'Infrastructure'],
    [8, 'QuotaExceeded'],
    [3, 'InvalidInput'],
    [7, 'InvalidInput'],
    [16, 'InvalidInput'],
  ];
  // When a batch is being cancelled, 9 means that it has ended already.
  for (const [method, more, act] of [
    ['CreateBatch', [[9, 'InvalidInput']], (by, id) => by.create(probe({}, { batchId: id, labels }), {})],
    ['GetBatch', [[9, 'InvalidInput']], (by, id) => by.look(id)],
    ['CancelOperation', [], (by, id) => by.cancel(id)],
  ] as [string, [number, FailureType][], (by: Engine, id: string) => Promise<unknown>][]) {
    test(`what ${method} is refused with decides whether it is repeated`, async () => {
      const existing = probe({}, { labels });
      await engine.create(existing, {});
      for (const [code, type] of [...refused, ...more]) {
        const id = method === 'CreateBatch' ? probe({}).batchId : existing.batchId;
        // Google's library repeats some calls by itself for as long as a call may take.
        const by = method === 'CancelOperation' && [4, 14].includes(code) ? hasty : engine;
        dataproc.service.faults.next(method, { code, message: `code ${code}`, times: 20 });
        await assert.rejects(act(by, id), (error: Error & { type?: string }) => {
          assert.equal(error.type, type, `code ${code}: ${error.message}`);
          assert.match(error.message, /^Dataproc did not /);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        });
        dataproc.service.faults.clear();
      }
      assert.equal((await engine.cancel(existing.batchId))?.state, 'CANCELLED');
    });
  }

  for (const [method, act] of [
    ['GetBatch', (id: string) => hasty.look(id)],
    ['CreateBatch', () => hasty.create(probe({}, { labels }), {})],
    ['CancelOperation', (id: string) => hasty.cancel(id)],
  ] as [string, (id: string) => Promise<unknown>][]) {
    test(`a ${method} that hangs is given up, and the next one is asked`, async () => {
      const existing = probe({}, { labels });
      await engine.create(existing, {});
      for (let times = 0; times < 5; times += 1) dataproc.service.faults.next(method, 'hang');
      const began = Date.now();
      await assert.rejects(act(existing.batchId), { type: 'Infrastructure', message: /^Dataproc did not / });
      assert.ok(Date.now() - began < 8_000, `${Date.now() - began} ms`);
      dataproc.service.faults.clear();
      assert.equal((await engine.cancel(existing.batchId))?.state, 'CANCELLED');
    });
  }

  test('a batch that ends in the moment in which it is cancelled is seen as it ended', async () => {
    const { batchId: id } = await engine.create(probe({}, { labels }), {});
    dataproc.service.faults.next('CancelOperation', { code: 9, message: 'has ended already' });
    const cancelling = engine.cancel(id);
    await sleep(300);
    const other = await dataproc.engine();
    await other.cancel(id);
    await other.close();
    assert.equal((await cancelling)?.state, 'CANCELLED');
  });

  test('on the wrong Scala nothing is sent: no call, no object', async () => {
    const wrong = await dataproc.engine({
      runtimeVersion: '2.2',
      jars: ['/jars/synapseml-core_2.12-1.0.14.jar'],
    });
    const calls = { ...dataproc.service.faults.calls };
    const objects = await objectsOf(dataproc);
    const request = probe({}, { job: 'pool_forecast', labels });
    await assert.rejects(wrong.create(request, {}), {
      type: 'InvalidInput',
      message: /synapseml-core_2\.12.*2\.2/,
    });
    assert.deepEqual(dataproc.service.faults.calls, calls);
    assert.deepEqual(await objectsOf(dataproc), objects);
    await wrong.close();
  });

  test('a batch that vanishes while it is watched has failed', async (t) => {
    const { deps, fence, id } = await openUnit(t, engine);
    const outcome = watch(deps, fence);
    await until('it runs', async () => {
      const state = (await findBatch(deps.database, id))?.state;
      return state === 'RUNNING' ? true : undefined;
    });
    dataproc.service.faults.next('GetBatch', { code: 5, message: 'Not found' });
    const { succeeded, errorType, message } = await outcome;
    assert.deepEqual(
      [succeeded, errorType, message],
      [false, 'Infrastructure', `Engine dataproc no longer knows batch ${id}.`],
    );
    assert.equal((await findBatch(deps.database, id))?.state, 'FAILED');
    await engine.cancel(id);
  });

  test("another run's batch of our name is neither adopted nor ended", async (t) => {
    const { deps, run, fence, id } = await openUnit(t, engine);
    await engine.create(probe({}, { batchId: id, labels: { ...labels, 'run-id': 'another' } }), {});
    await assert.rejects(watch(deps, fence), { type: 'NotOurs', message: /belongs to run another/ });
    assert.deepEqual(await readBatches(deps.database, run.runId), []);

    // It came into being between our look and our create.
    dataproc.service.faults.next('GetBatch', { code: 5, message: 'not yet' });
    await assert.rejects(watch(deps, fence), { type: 'NotOurs' });
    await cancelBatches(deps, { runId: run.runId });
    const newer = await beginAttempt(deps.database, run.runId, 'metrics', 'f');
    const ours = watch(deps, newer);
    ours.catch(() => undefined);
    await until('our own runs', async () => {
      const open = (await engine.listOpen()).filter((seen) => seen.labels['run-id'] === run.runId);
      return open.length === 1 ? true : undefined;
    });
    assert.match((await engine.look(id))!.state, /PENDING|RUNNING/, 'theirs runs on');
    await cancelBatches(deps, { runId: run.runId });
    assert.equal((await ours).errorType, 'Cancelled');
    await engine.cancel(id);
  });

  test('open batches of all pages are listed; those of others and those that have ended are not', async () => {
    const ids = Array.from({ length: 25 }, (_, number) => `sf-listed-${number}`);
    const create = (id: string, by: Record<string, string>): Promise<unknown> =>
      engine.create(probe({}, { batchId: id, labels: by }), {});
    await Promise.all(ids.map((id) => create(id, { ...labels, unit: 'listed' })));
    await create('sf-listed-foreign', { 'managed-by': 'somebody' });
    await create('sf-listed-unlabelled', {});
    await engine.cancel(ids[3]!);
    const listed = (await engine.listOpen()).filter((seen) => seen.batchId.startsWith('sf-listed-'));
    assert.deepEqual(
      listed.map((seen) => seen.batchId).sort(),
      ids.filter((_, number) => number !== 3).sort(),
    );
    assert.ok(listed.every((seen) => seen.labels['run-id'] === 'r' && seen.remote?.batchName !== undefined));
    dataproc.service.faults.next('ListBatches', { code: 7, message: 'no permission' });
    await assert.rejects(engine.listOpen(), { type: 'InvalidInput', message: /^Dataproc did not list/ });
  });

  test('two engines that race bring code and jars up once, and a third finds them there', async (t) => {
    const folder = scratch(t);
    const jar = path.join(folder, 'postgresql-0.jar');
    writeFileSync(jar, `jar of ${folder}`);
    mkdirSync(path.join(folder, 'code', 'sevenfold_jobs', 'racing'), { recursive: true });
    writeFileSync(path.join(folder, 'code', 'sevenfold_jobs', 'racing', 'main.py'), `# ${folder}`);
    writeFileSync(path.join(folder, 'code', 'run_batch.py'), '');
    const between = await proxy(t, dataproc.store.endpoint);
    const change = {
      codeFolders: [path.join(folder, 'code')],
      jars: [jar],
      storageEndpoint: between.endpoint,
    };
    const send = async (): Promise<void> => {
      const racer = await dataproc.engine(change);
      t.after(() => racer.close());
      await racer.create(probe({}, { job: 'pool_metrics', labels }), {});
    };
    await Promise.all([send(), send()]);
    const files = [...between.uploads.keys()].filter((name) => /^(code|jars)\//.test(name)).sort();
    assert.deepEqual(
      files.map((name) => path.basename(name)),
      ['jobs.zip', 'run_batch.py', 'postgresql-0.jar'],
    );
    for (const name of files) {
      const answers = between.uploads.get(name)!;
      assert.equal(answers.filter((status) => status === 200).length, 1, `${name}: ${answers.join()}`);
    }
    assert.deepEqual(between.uploads.get(files[0]!)!.sort(), [200, 412], 'they really raced');
    assert.equal((await contentOf(dataproc, files.at(-1)!)).toString(), `jar of ${folder}`);

    const before_ = await objectsOf(dataproc, 'code/');
    await send();
    assert.deepEqual(await objectsOf(dataproc, 'code/'), before_);
    for (const name of files) assert.ok(between.uploads.get(name)!.length <= 2, `${name} was not sent again`);

    // Other bytes under the same file name are another object.
    writeFileSync(jar, `newer jar of ${folder}`);
    await send();
    assert.equal([...between.uploads.keys()].filter((name) => name.startsWith('jars/')).length, 2);
  });
});

/** Passes everything on, a little later where something is written, and notes how each write was answered. */
async function proxy(
  t: TestContext,
  target: string,
): Promise<{ endpoint: string; uploads: Map<string, number[]> }> {
  const uploads = new Map<string, number[]>();
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', target);
    const name = incoming.method === 'POST' ? url.searchParams.get('name') : null;
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const pass = (): void => {
        const { host: _, ...headers } = incoming.headers;
        const passed = httpRequest(url, { method: incoming.method, headers }, (answer) => {
          if (name !== null) uploads.set(name, [...(uploads.get(name) ?? []), answer.statusCode ?? 0]);
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        });
        passed.on('error', () => outgoing.destroy());
        passed.end(Buffer.concat(parts));
      };
      setTimeout(pass, name === null ? 0 : 200);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, uploads };
}

test('a batch that outlives its time to live has timed out: nobody cancelled it', async (t) => {
  const dataproc = await startTestDataproc({
    jobs: { runningMs: 300_000 },
    pendingMs: 20,
    ttlScale: 1 / 1_500,
  });
  t.after(() => dataproc.stop());
  const engine = await dataproc.engine();
  t.after(() => engine.close());
  const { batchId: id } = await engine.create(probe({}, { labels, timeoutMs: 120_000 }), {});
  const { state, errorType, message } = await endOf(engine, id);
  assert.deepEqual([state, errorType], ['TIMED_OUT', 'TimedOut']);
  assert.match(message ?? '', /time to live/);
});
