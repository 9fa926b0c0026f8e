import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { isAlive } from '../../src/stack/processes.ts';
import { bucket, codeOf, startEmulated } from './support.ts';
import { until } from '../support/until.ts';

const databaseUrl = 'postgresql://somebody:hush@127.0.0.1:5432/db';
process.env.DATABASE_URL = databaseUrl; // of the service: no driver may inherit it
const emulated = await startEmulated({ databaseUrl, ttlScale: 1 / 1_200 });
after(() => emulated.stop());
const { service, client, parent, objects, main, create, get, reach, end, output } = emulated;

const hello = await main('hello', 'import sys', 'print("hello", *sys.argv[1:])');
const sleeper = await main('sleeper', 'import time', 'print("asleep")', 'time.sleep(60)');

const refusedWith = (code: number) => (error: unknown) => codeOf(error) === code;

test('a batch runs from PENDING to SUCCEEDED and its output is an object', async () => {
  await create('hello-1', hello, {
    labels: { 'managed-by': 'sevenfold' },
    pysparkBatch: { args: ['--to', 'the world'] },
  });
  const first = await get('hello-1');
  assert.equal(first.state, 'PENDING');
  assert.deepEqual(first.stateHistory, []);
  assert.equal(first.runtimeInfo?.approximateUsage ?? undefined, undefined);
  const batch = await end('hello-1');
  assert.equal(batch.state, 'SUCCEEDED');
  assert.equal(batch.name, `${parent}/batches/hello-1`);
  assert.deepEqual(batch.labels, { 'managed-by': 'sevenfold' });
  assert.match(batch.operation ?? '', /^projects\/[^/]+\/regions\/[^/]+\/operations\/[0-9a-f-]{36}$/);
  assert.deepEqual(
    batch.stateHistory?.map(({ state }) => state),
    ['PENDING', 'RUNNING'],
  );
  assert.match(batch.runtimeInfo?.outputUri ?? '', /^gs:\/\/sevenfold-temp\/.*\/driveroutput$/);
  assert.equal(await output(batch), 'hello --to the world\n');
});

test('usage is reported after the end: a driver and two executors of the default size are 12 units a second, at least a minute', async () => {
  await create('usage-1', hello);
  const { runtimeInfo } = await end('usage-1');
  assert.equal(runtimeInfo?.approximateUsage?.milliDcuSeconds, '720000');
  assert.equal(runtimeInfo?.approximateUsage?.shuffleStorageGbSeconds, '72000');

  const properties = {
    'spark.driver.cores': '4',
    'spark.driver.memory': '10g',
    'spark.executor.cores': '8',
    'spark.executor.memory': '20g',
    'spark.executor.instances': '4',
  };
  await create('usage-2', hello, { runtimeConfig: { version: '1.2', properties } });
  const larger = await end('usage-2');
  // (2.4 + 1.1) + 4 x (4.8 + 2.2)
  assert.equal(larger.runtimeInfo?.approximateUsage?.milliDcuSeconds, String(31.5 * 60_000));
  assert.equal(larger.runtimeConfig?.properties?.['spark:spark.executor.cores'], '8');
});

test('a failed batch ends FAILED with the last lines of its output, and its operation with an error', async () => {
  const failing = await main('failing', 'print("before")', 'raise ValueError("no rows on 2026-01-02")');
  const operation = await create('failing-1', failing);
  const batch = await end('failing-1');
  assert.equal(batch.state, 'FAILED');
  assert.match(
    batch.stateMessage ?? '',
    /exit code 1\.\nbefore\nTraceback[^]*ValueError: no rows on 2026-01-02$/,
  );
  assert.match(await output(batch), /no rows/);
  const [done] = await client.operationsClient.getOperation({ name: operation } as never);
  assert.ok(done.done);
  assert.match(done.error?.message ?? '', /no rows/);
});

test('a driver that is killed from outside is reported as such', async () => {
  await create('killed-1', sleeper);
  await reach('killed-1', ['RUNNING']);
  const driver = await until('its driver', () =>
    service.started.find(({ batchId }) => batchId === 'killed-1'),
  );
  process.kill(driver.pid, 'SIGKILL');
  const batch = await end('killed-1');
  assert.equal(batch.state, 'FAILED');
  assert.match(batch.stateMessage ?? '', /^The driver was killed by signal SIGKILL/);
});

test('a main file that is not in the bucket fails the batch, not the request', async () => {
  await create('absent-1', `gs://${bucket}/code/absent.py`);
  const batch = await end('absent-1');
  assert.equal(batch.state, 'FAILED');
  assert.match(batch.stateMessage ?? '', /File not found: gs:\/\/sevenfold-temp\/code\/absent\.py/);
});

test('code, files and variables of a batch reach its driver; the environment of the service does not', async () => {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  await objects.write(
    `gs://${bucket}/code/jobs.zip`,
    zipSync({ 'parcel/__init__.py': text('NAME = "parcel"') }),
  );
  await objects.write(`gs://${bucket}/jobs/x/notes.txt`, 'noted');
  const telling = await main(
    'telling',
    'import json, os, parcel',
    'print(json.dumps({"parcel": parcel.NAME, "file": open("notes.txt").read(), "variables": dict(os.environ)}))',
  );
  await create('telling-1', telling, {
    pysparkBatch: {
      pythonFileUris: [`gs://${bucket}/code/jobs.zip`],
      fileUris: [`gs://${bucket}/jobs/x/notes.txt`],
    },
    runtimeConfig: {
      properties: {
        'spark.dataproc.driverEnv.SEVENFOLD_DATABASE_SECRET': service.databaseSecret,
        'spark.executorEnv.OPENBLAS_NUM_THREADS': '1',
        'spark.sql.session.timeZone': "Europe/O'Nowhere",
      },
    },
  });
  const batch = await end('telling-1');
  assert.equal(batch.state, 'SUCCEEDED', batch.stateMessage ?? '');
  const { parcel, file, variables } = JSON.parse(await output(batch)) as {
    parcel: string;
    file: string;
    variables: Record<string, string>;
  };
  assert.equal(parcel, 'parcel');
  assert.equal(file, 'noted');
  assert.equal(variables.SEVENFOLD_DATABASE_SECRET, service.databaseSecret);
  assert.equal(variables.STORAGE_EMULATOR_HOST, emulated.store.endpoint);
  assert.ok(!JSON.stringify(variables).includes('hush'), 'the database address is in no variable');
  assert.ok(!('DATABASE_URL' in variables) && !('OPENBLAS_NUM_THREADS' in variables));
  assert.match(variables.PYSPARK_SUBMIT_ARGS ?? '', /spark\.executorEnv\.OPENBLAS_NUM_THREADS=1/);
});

test('the driver reads the secret with a token of the metadata server, and nobody else does', async () => {
  const reading = await main(
    'reading',
    'import base64, os',
    'import google.auth',
    'from google.auth.transport.requests import AuthorizedSession',
    'credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])',
    'url = os.environ["SECRET_MANAGER_ENDPOINT"] + "/v1/" + os.environ["NAME"] + ":access"',
    'answer = AuthorizedSession(credentials).get(url, timeout=10)',
    'print(project, answer.status_code)',
    'if answer.status_code == 200: print(len(base64.b64decode(answer.json()["payload"]["data"])))',
  );
  const properties = { 'spark.dataproc.driverEnv.NAME': service.databaseSecret };
  await create('reading-1', reading, { runtimeConfig: { properties } });
  const batch = await end('reading-1');
  assert.equal(batch.state, 'SUCCEEDED', batch.stateMessage ?? '');
  assert.equal(await output(batch), `${service.projectId} 200\n${databaseUrl.length}\n`);

  service.faults.next('AccessSecretVersion', { code: 7 });
  await create('reading-2', reading, { runtimeConfig: { properties } });
  assert.equal(await output(await end('reading-2')), `${service.projectId} 403\n`);

  const unasked = await fetch(`http://${service.cloudAddress}/v1/${service.databaseSecret}:access`);
  assert.equal(unasked.status, 401);
  assert.ok(!(await unasked.text()).includes(Buffer.from(databaseUrl).toString('base64')));
});

test('ids: 4 to 63 of a-z, 0-9 and -; one id is one batch', async () => {
  for (const id of ['abc', 'Capital-1', 'under_score', 'x'.repeat(64)]) {
    await assert.rejects(create(id, hello), refusedWith(3), id);
  }
  await create('same-1', hello);
  await assert.rejects(create('same-1', hello), refusedWith(6));
  await assert.rejects(create('same-1', hello, {}, 'another-request'), refusedWith(6));
});

test('the same requestId gives the first operation again, and one driver', async () => {
  const first = await create('again-1', hello, {}, 'request-again-1');
  assert.equal(await create('again-1', hello, {}, 'request-again-1'), first);
  await end('again-1');
  assert.equal(service.started.filter(({ batchId }) => batchId === 'again-1').length, 1);
});

test('a lost answer: the batch is there; the same requestId finds it, another one is refused', async () => {
  service.faults.next('CreateBatch', 'lost answer');
  await assert.rejects(create('lost-1', hello, {}, 'request-lost-1'), refusedWith(14));
  assert.match(await create('lost-1', hello, {}, 'request-lost-1'), /operations/);
  await assert.rejects(create('lost-1', hello), refusedWith(6));
  assert.equal((await end('lost-1')).state, 'SUCCEEDED');
  assert.equal(service.started.filter(({ batchId }) => batchId === 'lost-1').length, 1);
});

test('what cannot be run is refused at once', async () => {
  const refused: [string, Parameters<typeof create>[2]][] = [
    ['runtime', { runtimeConfig: { version: '0.9' } }],
    ['cores', { runtimeConfig: { properties: { 'spark.executor.cores': '2' } } }],
    ['memory', { runtimeConfig: { properties: { 'spark.executor.memory': '64g' } } }],
    ['executors', { runtimeConfig: { properties: { 'spark.executor.instances': '1' } } }],
    ['label', { labels: { Key: 'value' } }],
    ['ttl', { environmentConfig: { executionConfig: { ttl: { seconds: '60' } } } }],
    ['idle ttl', { environmentConfig: { executionConfig: { idleTtl: { seconds: '600' } } } }],
  ];
  for (const [what, more] of refused) {
    await assert.rejects(create('refused-1', hello, more), refusedWith(3), what);
  }
  await assert.rejects(get('refused-1'), refusedWith(5));
});

test('a jar of the wrong Scala for the runtime fails the batch as it is loaded', async () => {
  const pysparkBatch = { jarFileUris: [`gs://${bucket}/jars/ab/synapseml-core_2.12-1.1.3.jar`] };
  await objects.write(pysparkBatch.jarFileUris[0]!, 'no jar at all');
  await create('scala-1', hello, { pysparkBatch, runtimeConfig: { version: '2.2' } });
  const batch = await end('scala-1');
  assert.equal(batch.state, 'FAILED');
  assert.match(batch.stateMessage ?? '', /NoClassDefFoundError: scala\/Serializable/);
  await create('scala-2', hello, { pysparkBatch, runtimeConfig: { version: '1.2' } });
  assert.equal((await end('scala-2')).state, 'SUCCEEDED');
});

test('a batch is known by its full name only', async () => {
  await create('named-1', hello);
  await assert.rejects(client.getBatch({ name: 'named-1' }), refusedWith(5));
  await assert.rejects(client.getBatch({ name: `${parent}/batches/nobody-1` }), refusedWith(5));
});

test('a cancelled batch is CANCELLED when it and its children are gone', async () => {
  const parents = await main(
    'parents',
    'import subprocess, sys, time',
    'child = subprocess.Popen(["sleep", "60"], start_new_session=True)',
    'open(sys.argv[1], "w").write(str(child.pid))',
    'time.sleep(60)',
  );
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-cancel-'));
  try {
    const file = join(folder, 'pid');
    const operation = await create('cancel-1', parents, { pysparkBatch: { args: [file] } });
    const child = await until('the child', () => {
      try {
        return Number(readFileSync(file, 'utf8')) || undefined;
      } catch {
        return undefined;
      }
    });
    const driver = service.started.find(({ batchId }) => batchId === 'cancel-1')!;
    const name = `${parent}/batches/cancel-1`;
    await assert.rejects(client.deleteBatch({ name }), refusedWith(9));
    await client.operationsClient.cancelOperation({ name: operation } as never);
    const batch = await end('cancel-1');
    assert.equal(batch.state, 'CANCELLED');
    assert.deepEqual(
      batch.stateHistory?.map(({ state }) => state),
      ['PENDING', 'RUNNING', 'CANCELLING'],
    );
    assert.ok(!isAlive(driver.pid) && !isAlive(child));
    await assert.rejects(
      client.operationsClient.cancelOperation({ name: operation } as never),
      refusedWith(9),
    );
    await client.deleteBatch({ name });
    await assert.rejects(get('cancel-1'), refusedWith(5));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a batch that is cancelled before it runs never starts', async () => {
  const operation = await create('early-1', hello);
  await client.operationsClient.cancelOperation({ name: operation } as never);
  assert.equal((await end('early-1')).state, 'CANCELLED');
  assert.ok(!service.started.some(({ batchId }) => batchId === 'early-1'));
});

test('a batch is ended by its ttl', async () => {
  // 600 s, scaled to half a second.
  await create('ttl-1', sleeper, { environmentConfig: { executionConfig: { ttl: { seconds: '600' } } } });
  const batch = await end('ttl-1');
  assert.equal(batch.state, 'CANCELLED');
  assert.match(batch.stateMessage ?? '', /ttl exceeded/);
});

test('an operation can be resumed by its name and waited for', async () => {
  const operation = await create('resumed-1', hello);
  const resumed = await client.checkCreateBatchProgress(operation);
  const [batch] = (await resumed.promise()) as [{ name?: string; state?: unknown }, ...unknown[]];
  assert.equal(batch.name, `${parent}/batches/resumed-1`);
  assert.equal(batch.state, 5); // a number here, a name everywhere else
  const prefix = parent.replace('/locations/', '/regions/');
  const asked = { name: `${prefix}/operations`, filter: '' } as never;
  const listed: unknown = await client.operationsClient.listOperations(asked);
  const [operations] = listed as [{ name: string }[]]; // its types say something else
  assert.ok(operations.some(({ name }) => name === operation));
  await client.operationsClient.deleteOperation({ name: operation } as never);
  await assert.rejects(client.operationsClient.getOperation({ name: operation } as never), refusedWith(5));
});

test('batches are listed by state and label, in pages, the newest first where that is asked for', async () => {
  for (const number of [1, 2, 3]) {
    await create(`listed-${number}`, hello, { labels: { 'job-type': 'listing', odd: String(number % 2) } });
  }
  await end('listed-3');
  const ids = async (filter: string, more: object = {}): Promise<string[]> => {
    const [batches] = await client.listBatches({ parent, filter, ...more });
    return batches.map(({ name }) => name!.split('/').at(-1)!);
  };
  await until('all ended', async () => {
    return (await ids('labels.job-type = listing AND state = SUCCEEDED')).length === 3;
  });
  assert.deepEqual(await ids('labels.job-type:listing', { orderBy: 'create_time desc', pageSize: 2 }), [
    'listed-3',
    'listed-2',
    'listed-1',
  ]);
  assert.deepEqual(await ids('labels.odd = "1" AND state = SUCCEEDED OR state = FAILED'), [
    'listed-1',
    'listed-3',
  ]);
  assert.deepEqual(await ids('labels.job-type = listing AND NOT labels.odd = 0'), ['listed-1', 'listed-3']);
  const [listed2] = await client.listBatches({ parent, filter: 'batch_id = listed-2' });
  const created = listed2[0]!.createTime!;
  const at = new Date(Number(created.seconds) * 1000 + Math.floor(created.nanos! / 1e6)).toISOString();
  assert.ok(!(await ids(`labels.job-type = listing AND create_time > "${at}"`)).includes('listed-1'));
  assert.deepEqual(await ids('labels.job-type = listing AND state = CANCELLING'), []);
  await assert.rejects(ids('colour = red'), refusedWith(3));
  await assert.rejects(ids('state ='), refusedWith(3));
  await assert.rejects(ids('', { orderBy: 'state' }), refusedWith(3));
  const [elsewhere] = await client.listBatches({ parent: 'projects/other/locations/us-central1' });
  assert.deepEqual(elsewhere, []);
});

test('faults: a code so many times, and a call that never answers', async () => {
  await create('faulty-1', hello);
  service.faults.next('GetBatch', { code: 14, times: 2 });
  service.faults.next('GetBatch', { code: 8, message: 'Quota exceeded' });
  await assert.rejects(get('faulty-1'), refusedWith(14));
  await assert.rejects(get('faulty-1'), refusedWith(14));
  await assert.rejects(get('faulty-1'), /Quota exceeded/);
  const before = service.faults.calls.GetBatch!;
  service.faults.next('GetBatch', 'hang');
  const name = `${parent}/batches/faulty-1`;
  await assert.rejects(client.getBatch({ name }, { timeout: 200 }), refusedWith(4));
  assert.equal((await get('faulty-1')).name, name);
  assert.equal(service.faults.calls.GetBatch, before + 2);
});

test('a failure can be reported as the real service often does: only where the output lies', async () => {
  const other = await startEmulated({ failureMessage: 'address' });
  try {
    await other.create('address-1', await other.main('failing', 'raise MemoryError("all of it")'));
    const batch = await other.end('address-1');
    assert.equal(batch.state, 'FAILED');
    assert.ok(!batch.stateMessage?.includes('MemoryError'));
    assert.ok(batch.stateMessage?.includes(`${batch.runtimeInfo?.outputUri}.*`));
    assert.match(await other.output(batch), /MemoryError: all of it/);
  } finally {
    await other.stop();
  }
});

test('a batch whose turn it is not waits as PENDING; the service stops with drivers at work and leaves none', async () => {
  const other = await startEmulated({ slots: 1 });
  await other.main('sleeper', 'import time', 'time.sleep(60)');
  await other.create('turn-1', `gs://${bucket}/code/sleeper.py`);
  await other.reach('turn-1', ['RUNNING']);
  await other.create('turn-2', `gs://${bucket}/code/sleeper.py`);
  await sleep(200);
  assert.equal((await other.get('turn-2')).state, 'PENDING');
  await other.stop();
  assert.equal(other.service.started.length, 1);
  assert.ok(!isAlive(other.service.started[0]!.pid) && !isAlive(other.store.pid));
});
