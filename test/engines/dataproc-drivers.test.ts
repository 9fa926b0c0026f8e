import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { openClient } from '../../src/engines/dataproc/client.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { startTestDataproc } from '../support/dataproc.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { contentOf, endOf, labels, objectsOf, openUnit, scratch, watch } from './dataproc-batches.ts';
import { probe } from './support.ts';

describe('the engine on Dataproc Serverless, its drivers really running', () => {
  let dataproc: TestDataproc;
  let engine: Engine;
  before(async () => {
    dataproc = await startTestDataproc({ failureMessage: 'address' });
  });
  after(async () => {
    await engine?.close();
    await dataproc?.stop();
  });

  test('a failure that only says where the output lies is reported with the end of that output', async () => {
    const plain = await dataproc.engine();
    dataproc.service.keepSecret('postgresql://127.0.0.1:1/none');
    const { batchId: id } = await plain.create(probe({ do: 'leave', code: 3 }, { labels }), {});
    const { state, errorType, message } = await endOf(plain, id);
    assert.deepEqual([state, errorType], ['FAILED', 'JobFailed']);
    assert.match(message ?? '', /the last words$/);
    await plain.close();
  });

  test('no secret is in any object, any description, any log or the ledger', async (t) => {
    const folder = scratch(t);
    const jobs = path.join(folder, 'sevenfold_jobs', 'pool_metrics');
    mkdirSync(jobs, { recursive: true });
    // Under the name of a job that is given the driver of JDBC.
    writeFileSync(
      path.join(jobs, 'main.py'),
      [
        'def run(batch):',
        '    with batch.connect() as connection:',
        '        connection.execute("select 1")',
        '    spark = batch.spark()',
        '    read = spark.read.format("jdbc").options(**batch.jdbc())',
        '    frame = read.option("dbtable", "(select 1 as one) x").load()',
        '    frame.explain(True)',
        '    frame.count()',
        '    frame.createOrReplaceTempView("ones")',
        '    spark.sql("select sum(one) from ones").collect()',
        '    read.option("dbtable", batch.input["table"]).load().count()',
        '    return {}',
      ].join('\n'),
    );
    const spark = path.join(readConfig().checkout, 'spark');
    engine = await dataproc.engine({ codeFolders: [spark, folder] });
    const { deps, fence } = await openUnit(t, engine);
    const url = new URL(deps.databaseUrl);
    assert.ok(url.password.length >= 8, 'a password that could be found');
    dataproc.service.keepSecret(url.href);
    const logged: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
    const known = { ...deps, databaseUrl: url.href, log };

    const outcome = await watch(known, fence, 'pool_metrics', { table: 'no_such_table' });
    assert.equal(outcome.succeeded, false);
    assert.match(outcome.message ?? '', /no_such_table/, 'it came as far as the database');

    const client = await openClient({
      region: dataproc.service.region,
      emulator: { host: dataproc.service.host, port: dataproc.service.port },
    });
    const parent = `projects/${dataproc.service.projectId}/locations/${dataproc.service.region}`;
    const [batches] = await client.listBatches({ parent });
    await client.close();
    assert.ok(batches.length > 0);
    const rows = await deps.database.query('select to_jsonb(b) as row from batches b');
    const texts = new Map<string, string>([
      ['batches of the service', JSON.stringify(batches)],
      ['ledger', JSON.stringify(rows.rows)],
      ['log of the worker', logged.join('')],
      ['outcome', JSON.stringify(outcome)],
    ]);
    for (const { name } of await objectsOf(dataproc)) {
      texts.set(name, (await contentOf(dataproc, name)).toString('latin1'));
    }
    for (const expected of [
      /request\.json$/,
      /outcome\.json$/,
      /driveroutput/,
      /events\/.+/,
      /status\.json$/,
    ]) {
      assert.ok(
        [...texts.keys()].some((name) => expected.test(name)),
        `${expected} was searched`,
      );
    }
    const names = [url.password, encodeURIComponent(url.href), Buffer.from(url.href).toString('base64')];
    for (const [name, text] of texts) {
      for (const secret of names) assert.ok(!text.includes(secret), `${name} holds the password`);
    }
    const requests = [...texts].filter(([name]) => name.endsWith('request.json'));
    assert.ok(
      requests.every(([, text]) => !text.includes(url.host)),
      'not even where the database is',
    );
  });
});
