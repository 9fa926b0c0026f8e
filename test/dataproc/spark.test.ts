import { Storage } from '@google-cloud/storage';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { testTool } from '../support/object-store.ts';
import { bucket, startEmulated } from './support.ts';

const emulated = await startEmulated({ connectorJar: testTool('gcsConnector') });
after(() => emulated.stop());
const { objects, main, create, end, output } = emulated;

test('Spark reads and writes gs://, its tasks import the code of the batch, and its event log is in the bucket', async () => {
  const code = `gs://${bucket}/code/jobs.zip`;
  await objects.write(
    code,
    zipSync({ 'parcel.py': new TextEncoder().encode('def twice(x):\n    return 2 * x\n') }),
  );
  await objects.write(`gs://${bucket}/jobs/spark-1/events/`, '');
  const entry = await main(
    'spark',
    'import sys',
    'from pyspark.sql import SparkSession',
    'import parcel',
    'spark = SparkSession.builder.getOrCreate()',
    'spark.range(1000).write.parquet(sys.argv[1])',
    'back = spark.read.parquet(sys.argv[1])',
    'print("sum", back.groupBy().sum("id").first()[0])',
    'print("twice", spark.sparkContext.parallelize(range(10), 2).map(lambda x: parcel.twice(x)).sum())',
    'print("log", spark.conf.get("spark.executor.cores"), spark.sparkContext.master)',
    'from pyarrow import fs',
    'import os',
    'endpoint = os.environ["STORAGE_EMULATOR_HOST"].removeprefix("http://")',
    'files = fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=endpoint)',
    'with files.open_output_stream(sys.argv[2].removeprefix("gs://") + "outcome.json") as out:',
    '    out.write(b"{}")',
  );
  await create('spark-1', entry, {
    pysparkBatch: {
      pythonFileUris: [code],
      args: [`gs://${bucket}/jobs/spark-1/data`, `gs://${bucket}/jobs/spark-1/results/`],
    },
    runtimeConfig: {
      version: '1.2',
      properties: {
        'spark.executor.instances': '2',
        'spark.executor.cores': '4',
        'spark.executor.memory': '8g',
        'spark.dynamicAllocation.enabled': 'false',
        'spark.eventLog.enabled': 'true',
        'spark.eventLog.dir': `gs://${bucket}/jobs/spark-1/events`,
      },
    },
  });
  const batch = await end('spark-1', 120_000);
  const said = await output(batch);
  assert.equal(batch.state, 'SUCCEEDED', said);
  assert.match(said, /^sum 499500$/m);
  assert.match(said, /^twice 90$/m);
  assert.match(said, /^log 4 local\[2\]$/m);
  assert.equal((await objects.read(`gs://${bucket}/jobs/spark-1/results/outcome.json`)).toString(), '{}');
  const storage = new Storage({ projectId: 'test', apiEndpoint: emulated.store.endpoint });
  const [files] = await storage.bucket(bucket).getFiles({ prefix: 'jobs/spark-1/' });
  const names = files.map(({ name }) => name);
  assert.ok(names.includes('jobs/spark-1/data/_SUCCESS'), names.join(' '));
  // The job did not stop its session: what it was about is closed all the same.
  const log = names.find((name) => /events\/[^/]*local-\d+$/.test(name));
  assert.ok(log, names.join(' '));
  assert.match((await objects.read(`gs://${bucket}/${log}`)).toString(), /SparkListenerApplicationEnd/);
});
