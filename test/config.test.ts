import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import type { Config } from '../src/config.ts';
import { dataprocSettings, filesOfSettings, standaloneSettings } from './support/engine-settings.ts';

const { checkout } = readConfig({});
const usualExecutors = { min: 2, max: 100, count: undefined };

test('an empty environment is local, with what stands in docs/configuration.md', () => {
  const config = readConfig({});
  assert.deepEqual(
    [config.mode, config.queueEngine, config.warnings, config.sparkFallback, config.sparkLocalWarm],
    ['local', 'local', [], true, true],
  );
  assert.deepEqual(
    [config.sparkDriverMemory, config.sparkExecutorMemory, config.executors],
    ['4g', '4g', { min: 2, max: 100, count: undefined }],
  );
  assert.deepEqual(standaloneSettings(config), { masterUrl: undefined, masterUi: 'http://127.0.0.1:8080' });
  assert.deepEqual(dataprocSettings(config), {
    missing: ['GCP_PROJECT_ID', 'GCP_REGION'],
    projectId: undefined,
    region: undefined,
    tempBucket: undefined,
    resultsBucket: undefined,
    batchPrefix: 'automl-spark',
    runtimeVersion: '1.2',
    containerImage: undefined,
    serviceAccount: undefined,
    subnetwork: undefined,
    executorMemoryGb: undefined,
    driverMemoryGb: undefined,
    databaseSecret: undefined,
    emulator: undefined,
    storageEndpoint: undefined,
    secretEndpoint: undefined,
  });
  assert.deepEqual([config.batchPrefix, config.user, config.objects], ['sf', 'unknown', undefined]);
});

test('blanks are no value', () => {
  assert.deepEqual(readConfig({ GCP_REGION: ' ', DATABASE_URL: '', SPARK_FALLBACK: '' }), readConfig({}));
});

for (const [what, env, expected] of [
  [
    'project and region are enough, and name the buckets',
    { GCP_PROJECT_ID: 'fund-7', GCP_REGION: 'us-central1' },
    {
      missing: [],
      projectId: 'fund-7',
      region: 'us-central1',
      tempBucket: 'fund-7-automl-temp',
      resultsBucket: 'fund-7-automl-temp',
    },
  ],
  ['GOOGLE_CLOUD_PROJECT is the second choice', { GOOGLE_CLOUD_PROJECT: 'fund-8' }, { projectId: 'fund-8' }],
  [
    'GCP_PROJECT_ID the first',
    { GOOGLE_CLOUD_PROJECT: 'fund-8', GCP_PROJECT_ID: 'fund-7' },
    { projectId: 'fund-7' },
  ],
  [
    'results lie in the temporary bucket unless said otherwise',
    { GCP_TEMP_BUCKET: 'staging' },
    { tempBucket: 'staging', resultsBucket: 'staging' },
  ],
  [
    'buckets of their own',
    { GCP_TEMP_BUCKET: 'staging', GCP_RESULTS_BUCKET: 'results.fund' },
    { tempBucket: 'staging', resultsBucket: 'results.fund' },
  ],
  [
    "a domain's project names no bucket, which is then missing",
    { GCP_PROJECT_ID: 'example.com:fund-7', GCP_REGION: 'europe-west10' },
    { missing: ['GCP_TEMP_BUCKET'], projectId: 'example.com:fund-7', tempBucket: undefined },
  ],
  ['only what is missing is named', { GCP_PROJECT_ID: 'fund-7' }, { missing: ['GCP_REGION'] }],
  [
    'identity, network, image and runtime',
    {
      DATAPROC_SERVICE_ACCOUNT: 'spark@fund-7.iam.gserviceaccount.com',
      DATAPROC_SUBNETWORK: 'projects/fund-7/regions/us-central1/subnetworks/spark',
      DATAPROC_CONTAINER_IMAGE: 'us-docker.pkg.dev/fund-7/spark/batch@sha256:0a',
      DATAPROC_RUNTIME_VERSION: '2.2',
      DATAPROC_BATCH_ID_PREFIX: 'AutoML_Spark',
    },
    {
      serviceAccount: 'spark@fund-7.iam.gserviceaccount.com',
      subnetwork: 'projects/fund-7/regions/us-central1/subnetworks/spark',
      containerImage: 'us-docker.pkg.dev/fund-7/spark/batch@sha256:0a',
      runtimeVersion: '2.2',
      batchPrefix: 'automl-spark',
    },
  ],
  [
    'memory that is asked for',
    { SPARK_EXECUTOR_MEMORY: '20G', SPARK_DRIVER_MEMORY: '4608m' },
    { executorMemoryGb: 20, driverMemoryGb: 4.5 },
  ],
  [
    "the database's secret",
    { SEVENFOLD_DATABASE_SECRET: 'projects/fund-7/secrets/database-url/versions/latest' },
    { databaseSecret: 'projects/fund-7/secrets/database-url/versions/latest' },
  ],
  [
    'services on this machine',
    {
      DATAPROC_API_ENDPOINT: 'localhost',
      DATAPROC_API_PORT: '4100',
      DATAPROC_INSECURE: 'true',
      STORAGE_EMULATOR_HOST: 'http://127.0.0.1:4443/storage/v1',
      SECRET_MANAGER_ENDPOINT: 'http://[::1]:4500/',
    },
    {
      emulator: { host: 'localhost', port: 4100 },
      storageEndpoint: 'http://127.0.0.1:4443',
      secretEndpoint: 'http://[::1]:4500',
    },
  ],
] as const) {
  test(`Dataproc: ${what}`, () => {
    const dataproc = dataprocSettings(readConfig(env));
    assert.deepEqual(dataproc, { ...dataproc, ...expected });
  });
}

for (const [what, env, expected] of [
  [
    'Dataproc is chosen without a project: no error',
    { ENABLE_DATAPROC_SERVERLESS: '1' },
    { mode: 'dataproc' },
  ],
  [
    'behind a queue stands what else is chosen',
    { USE_GCP_QUEUE: '1', SPARK_MASTER_URL: 'spark://one:7077' },
    { mode: 'queue', queueEngine: 'standalone' },
  ],
  ['a log level in capitals', { LOG_LEVEL: 'INFO' }, { logLevel: 'info' }],
  ['a log level as Python has it', { LOG_LEVEL: 'Warning' }, { logLevel: 'warn' }],
  ['Dataproc by another word for true', { ENABLE_DATAPROC_SERVERLESS: 'on' }, { mode: 'dataproc' }],
  ['falling back is switched off', { SPARK_FALLBACK: 'OFF' }, { sparkFallback: false }],
  ['falling back is switched on', { SPARK_FALLBACK: 'on' }, { sparkFallback: true }],
  ['executors are counted by the data', { SPARK_EXECUTOR_COUNT: 'Auto' }, { executors: usualExecutors }],
  [
    'executors are counted by a setting',
    { SPARK_EXECUTOR_COUNT: '12' },
    { executors: { ...usualExecutors, count: 12 } },
  ],
  [
    'limits of executors',
    { DATAPROC_MIN_EXECUTORS: '4', DATAPROC_MAX_EXECUTORS: '4' },
    { executors: { min: 4, max: 4, count: undefined } },
  ],
  [
    'a minimum above the usual maximum raises it',
    { DATAPROC_MIN_EXECUTORS: '150' },
    { executors: { min: 150, max: 150, count: undefined } },
  ],
  ['objects lie in a folder', { SEVENFOLD_OBJECTS: 'models/' }, { objects: join(checkout, 'models') }],
  [
    'objects lie in a bucket',
    { SEVENFOLD_OBJECTS: 'gs://fund-7/objects/' },
    { objects: 'gs://fund-7/objects' },
  ],
  [
    'more jobs',
    { SEVENFOLD_JOB_FOLDERS: 'test/jobs:/opt/jobs' },
    { extraJobFolders: [join(checkout, 'test/jobs'), '/opt/jobs'] },
  ],
  ['the user names batches', { USER: 'jane', LOGNAME: 'root' }, { user: 'jane' }],
  [
    'the parts of a database address',
    { DB_HOST: 'db.internal', DB_NAME: 'fund/1', DB_USER: 'jane', DB_PASSWORD: 'p@ss:w/rd' },
    { databaseUrl: 'postgresql://jane:p%40ss%3Aw%2Frd@db.internal:5432/fund%2F1' },
  ],
  [
    'a whole database address wins over its parts',
    { DATABASE_URL: 'postgres://one/two', DB_HOST: 'three' },
    { databaseUrl: 'postgres://one/two' },
  ],
] as [string, Record<string, string>, Partial<Config>][]) {
  test(`environment: ${what}`, () => {
    const config = readConfig(env);
    assert.deepEqual(config, { ...config, ...expected });
  });
}

for (const [what, env, expected] of [
  [
    'where masters have it',
    { SPARK_MASTER_URL: 'spark://one:7077,two:7077' },
    { masterUrl: 'spark://one:7077,two:7077', masterUi: 'http://one:8080' },
  ],
  [
    'elsewhere',
    { SPARK_MASTER_URL: 'spark://one:7077', SPARK_MASTER_UI_URL: 'http://one:18080/' },
    { masterUrl: 'spark://one:7077', masterUi: 'http://one:18080' },
  ],
] as const) {
  test(`the master's page is ${what}`, () => assert.deepEqual(standaloneSettings(readConfig(env)), expected));
}

test('two modes at once are a warning, foreign queues a hint; neither is an error', () => {
  const { warnings } = readConfig({
    ENABLE_DATAPROC_SERVERLESS: '1',
    USE_GCP_QUEUE: '1',
    GCP_PUBSUB_TOPIC: 'jobs',
  });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /batches go to dataproc/);
  assert.match(warnings[1]!, /GCP_PUBSUB_TOPIC has no effect/);
});

const emulator = { DATAPROC_API_ENDPOINT: '127.0.0.1', DATAPROC_INSECURE: '1' };

for (const [env, message] of [
  [
    { SPARK_MODE: 'cluster' },
    /^SPARK_MODE is "cluster", but must be one of serverless, standalone, local\.$/,
  ],
  [
    { ENABLE_DATAPROC_SERVERLESS: 'onn' },
    /^ENABLE_DATAPROC_SERVERLESS is "onn", but must be true or false\.$/,
  ],
  [{ SPARK_LOCAL_WARM: 'nope' }, /^SPARK_LOCAL_WARM is "nope", but must be true or false\.$/],
  [{ SPARK_FALLBACK: 'offf' }, /^SPARK_FALLBACK is "offf", but must be "on" or "off"\.$/],
  [{ SPARK_DRIVER_MEMORY: '4' }, /^SPARK_DRIVER_MEMORY is "4", but must be a size such as 512m or 4g\.$/],
  [{ SPARK_EXECUTOR_MEMORY: '4tb' }, /^SPARK_EXECUTOR_MEMORY is "4tb"/],
  [{ SPARK_EXECUTOR_COUNT: 'many' }, /^SPARK_EXECUTOR_COUNT is "many", but must be "auto" or/],
  [{ SPARK_EXECUTOR_COUNT: '0' }, /^SPARK_EXECUTOR_COUNT is "0"/],
  [{ SPARK_LOCAL_CORES: '0' }, /^SPARK_LOCAL_CORES is "0", but must be a whole number of at least 1\.$/],
  [{ SPARK_MASTER_URL: 'http://one:7077' }, /^SPARK_MASTER_URL is "http:\/\/one:7077"/],
  [{ SPARK_MASTER_URL: 'spark://one' }, /^SPARK_MASTER_URL is "spark:\/\/one"/],
  [{ SPARK_MASTER_UI_URL: 'one:8080' }, /^SPARK_MASTER_UI_URL is "one:8080", but must be an http address/],
  [{ GCP_PROJECT_ID: 'My Project' }, /^GCP_PROJECT_ID is "My Project", but must be a project's id/],
  [{ GOOGLE_CLOUD_PROJECT: '123456789' }, /^GOOGLE_CLOUD_PROJECT is "123456789"/],
  [{ GCP_REGION: 'us-central1-a' }, /^GCP_REGION is "us-central1-a", but must be a region .*not a zone/],
  [{ GCP_TEMP_BUCKET: 'gs://staging' }, /^GCP_TEMP_BUCKET is "gs:\/\/staging", .*leave out "gs:\/\/"\.$/],
  [{ GCP_RESULTS_BUCKET: 'gs://results/x' }, /^GCP_RESULTS_BUCKET is "gs:\/\/results\/x"/],
  [{ GCP_TEMP_BUCKET: 'Staging' }, /^GCP_TEMP_BUCKET is "Staging", but must be the name of a bucket/],
  [{ DATAPROC_BATCH_ID_PREFIX: '7fold' }, /^DATAPROC_BATCH_ID_PREFIX is "7fold", .*a letter first/],
  [{ DATAPROC_BATCH_ID_PREFIX: 'p'.repeat(53) }, /^DATAPROC_BATCH_ID_PREFIX is/],
  [{ SEVENFOLD_BATCH_PREFIX: '!' }, /^SEVENFOLD_BATCH_PREFIX is "!"/],
  [{ DATAPROC_RUNTIME_VERSION: 'latest' }, /^DATAPROC_RUNTIME_VERSION is "latest", .*such as 1\.2/],
  [{ DATAPROC_CONTAINER_IMAGE: 'an image' }, /^DATAPROC_CONTAINER_IMAGE is "an image"/],
  [{ DATAPROC_SERVICE_ACCOUNT: 'spark' }, /^DATAPROC_SERVICE_ACCOUNT is "spark"/],
  [{ DATAPROC_SUBNETWORK: 'my network' }, /^DATAPROC_SUBNETWORK is "my network"/],
  [
    { DATAPROC_MIN_EXECUTORS: '1' },
    /^DATAPROC_MIN_EXECUTORS is "1", but must be a whole number from 2 to 2000\.$/,
  ],
  [
    { DATAPROC_MIN_EXECUTORS: '9', DATAPROC_MAX_EXECUTORS: '8' },
    /^DATAPROC_MIN_EXECUTORS is 9 and DATAPROC_MAX_EXECUTORS is 8/,
  ],
  [{ DATAPROC_INSECURE: 'true' }, /^DATAPROC_INSECURE is set, but DATAPROC_API_ENDPOINT is not/],
  [
    { DATAPROC_INSECURE: 'true', DATAPROC_API_ENDPOINT: 'dataproc.example.com' },
    /^DATAPROC_INSECURE is set, but DATAPROC_API_ENDPOINT is "dataproc\.example\.com".*only a service on this machine/,
  ],
  [
    { DATAPROC_INSECURE: 'true', DATAPROC_API_ENDPOINT: '127.0.0.1.example.com' },
    /^DATAPROC_INSECURE is set/,
  ],
  [
    { DATAPROC_API_ENDPOINT: '127.0.0.1' },
    /^DATAPROC_API_ENDPOINT is "127\.0\.0\.1".*DATAPROC_INSECURE must/,
  ],
  [
    { ...emulator, DATAPROC_API_ENDPOINT: '127.0.0.1:4100' },
    /^DATAPROC_API_ENDPOINT is "127\.0\.0\.1:4100".*DATAPROC_API_PORT/,
  ],
  [{ ...emulator, DATAPROC_API_PORT: '70000' }, /^DATAPROC_API_PORT is "70000"/],
  [
    { STORAGE_EMULATOR_HOST: 'http://storage.example.com/storage/v1' },
    /^STORAGE_EMULATOR_HOST is .*an address of this machine/,
  ],
  [
    { STORAGE_EMULATOR_HOST: 'http://127.0.0.1:4443' },
    /^STORAGE_EMULATOR_HOST is .*but must be http:\/\/127\.0\.0\.1:4443\/storage\/v1\.$/,
  ],
  [
    { SECRET_MANAGER_ENDPOINT: 'http://10.0.0.1' },
    /^SECRET_MANAGER_ENDPOINT is .*an address of this machine/,
  ],
  [{ SEVENFOLD_DATABASE_SECRET: 'database-url' }, /^SEVENFOLD_DATABASE_SECRET is "database-url"/],
  [{ SEVENFOLD_OBJECTS: 's3://bucket/objects' }, /^SEVENFOLD_OBJECTS is "s3:\/\/bucket\/objects"/],
  [{ SEVENFOLD_OBJECTS: 'gs://Bucket' }, /^SEVENFOLD_OBJECTS is "gs:\/\/Bucket"/],
  [{ DB_HOST: 'db:5433' }, /^DB_HOST is "db:5433".*DB_PORT/],
  [{ DB_HOST: 'db', DB_PORT: 'abc' }, /^DB_PORT is "abc"/],
  [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL is "loud", but must be one of trace/],
] as [Record<string, string>, RegExp][]) {
  const shown = Object.entries(env).map(([name, value]) => `${name}=${value.slice(0, 40)}`);
  test(`${shown.join(' ')} is refused by name, in one line`, () => {
    assert.throws(
      () => readConfig(env),
      (error: Error) => {
        assert.equal(error.name, 'InvalidInput');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test('a refused database address is not repeated: it may hold a password', () => {
  assert.throws(
    () => readConfig({ DATABASE_URL: 'mysql://jane:secret@db/x' }),
    (error: Error) => error.name === 'InvalidInput' && !error.message.includes('secret'),
  );
});

test('docs/configuration.md names every variable that the code reads, and no other', () => {
  const sources = filesOfSettings(checkout).map((file) => readFileSync(file, 'utf8'));
  const read = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|USER|LOGNAME)'/g)].map(([, name]) => name!),
    ),
  );
  const table = readFileSync(join(checkout, 'docs/configuration.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|')[1]!);
  const documented = new Set(
    table.flatMap((cell) => [...cell.matchAll(/`([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name!)),
  );
  assert.ok(read.size > 50, `${read.size} variables`);
  assert.deepEqual([...documented].sort(), [...read].sort());
});
