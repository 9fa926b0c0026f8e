import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modesOf, shippedEngines } from '../../src/engines/index.ts';
import { detectMode } from '../../src/engines/mode.ts';
import { modes } from '../../src/engines/names.ts';
import { asSwitch, readSwitch } from '../../src/environment-values.ts';

const master = { SPARK_MASTER_URL: 'spark://master:7077' };

for (const value of ['1', 'true', 'TRUE', 'Yes', ' yes ', 'on', 'ON', 'y']) {
  test(`"${value}" is true`, () => assert.equal(asSwitch(value), true));
}
for (const value of ['0', 'false', 'no', 'OFF', 'n', ' False ']) {
  test(`"${value}" is false`, () => assert.equal(asSwitch(value), false));
}
for (const value of ['truely', '11', 'maybe', '2']) {
  test(`"${value}" is refused with the name of its variable`, () =>
    assert.throws(() => detectMode({ USE_DATAPROC_SERVERLESS: value }), {
      name: 'InvalidInput',
      message: `USE_DATAPROC_SERVERLESS is "${value}", but must be true or false.`,
    }));
}
test('a switch that is empty or not there says nothing', () => {
  assert.deepEqual([readSwitch({}, 'A'), readSwitch({ A: ' ' }, 'A')], [undefined, undefined]);
});

for (const [what, variables, mode] of [
  ['nothing', {}, 'local'],
  ['ENABLE_DATAPROC_SERVERLESS', { ENABLE_DATAPROC_SERVERLESS: 'YES' }, 'dataproc'],
  ['USE_DATAPROC_SERVERLESS', { USE_DATAPROC_SERVERLESS: '1' }, 'dataproc'],
  ['a flag that is false', { USE_DATAPROC_SERVERLESS: 'false', USE_GCP_QUEUE: 'off' }, 'local'],
  ['USE_GCP_QUEUE', { USE_GCP_QUEUE: 'true' }, 'queue'],
  ['SPARK_MASTER_URL', master, 'standalone'],
  ['an empty SPARK_MASTER_URL', { SPARK_MASTER_URL: ' ' }, 'local'],
  ['SPARK_MODE=serverless', { SPARK_MODE: 'serverless' }, 'dataproc'],
  ['SPARK_MODE=standalone', { SPARK_MODE: 'Standalone' }, 'standalone'],
  ['SPARK_MODE=local', { SPARK_MODE: 'local' }, 'local'],
  ['SPARK_ENVIRONMENT=local', { SPARK_ENVIRONMENT: 'local' }, 'local'],
  ['USE_LOCAL_SPARK=true', { USE_LOCAL_SPARK: 'true' }, 'local'],
  [
    'two spellings of one mode',
    { ENABLE_DATAPROC_SERVERLESS: '1', USE_DATAPROC_SERVERLESS: '1', SPARK_MODE: 'serverless' },
    'dataproc',
  ],
  ['two spellings of standalone', { ...master, SPARK_MODE: 'standalone' }, 'standalone'],
] as const) {
  test(`${what} is ${mode}, without a warning`, () => {
    const detected = detectMode(variables);
    assert.equal(detected.mode, mode);
    assert.deepEqual(detected.warnings, []);
  });
}

/** Every way to choose a mode, the stronger modes first. */
const flags = [
  ['dataproc', { ENABLE_DATAPROC_SERVERLESS: 'true' }],
  ['dataproc', { USE_DATAPROC_SERVERLESS: 'true' }],
  ['dataproc', { SPARK_MODE: 'serverless' }],
  ['queue', { USE_GCP_QUEUE: 'true' }],
  ['standalone', master],
  ['standalone', { SPARK_MODE: 'standalone' }],
  ['local', { SPARK_MODE: 'local' }],
  ['local', { SPARK_ENVIRONMENT: 'local' }],
  ['local', { USE_LOCAL_SPARK: 'true' }],
] as const;

for (const [index, [winner, first]] of flags.entries()) {
  for (const [loser, second] of flags.slice(index + 1)) {
    const [a, b] = [Object.keys(first)[0]!, Object.keys(second)[0]!];
    if (winner === loser || a === b) continue;
    test(`${a} (${winner}) beats ${b} (${loser}), and the warning says so`, () => {
      const { mode, warnings } = detectMode({ ...second, ...first });
      assert.equal(mode, winner);
      assert.deepEqual(warnings, [
        `More than one engine is chosen (${a} says ${winner}, ${b} says ${loser}): batches go to ${winner}.`,
      ]);
    });
  }
}

test('the names that workflows know are those of the registry, in its order of precedence', () => {
  assert.deepEqual(modesOf(shippedEngines), modes);
  for (const [name, engine] of Object.entries(shippedEngines)) assert.equal(engine.name, name);
});

for (const [what, variables, queueEngine] of [
  ['local', {}, 'local'],
  ['standalone', master, 'standalone'],
  ['dataproc', { SPARK_MODE: 'serverless' }, 'dataproc'],
] as const) {
  test(`behind the queue is ${what}`, () => {
    const detected = detectMode({ ...variables, USE_GCP_QUEUE: '1' });
    assert.equal(detected.queueEngine, queueEngine);
  });
}

for (const [variable, value] of [
  ['GCP_PUBSUB_TOPIC', 'jobs'],
  ['USE_GCP_TASKS', 'true'],
  ['GCP_TASKS_PROJECT', 'p'],
  ['GCP_TASKS_LOCATION', 'l'],
  ['GCP_TASKS_QUEUE', 'q'],
  ['CLOUD_RUN_BASE_URL', 'https://run.example'],
  ['GCP_TASKS_TARGET_PATH', '/run-job'],
  ['SERVICE_ACCOUNT_EMAIL', 'a@example'],
] as const) {
  test(`${variable} is answered with a hint`, () => {
    const { mode, warnings } = detectMode({ [variable]: value });
    assert.equal(mode, 'local');
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      new RegExp(`^${variable} has no effect: .*Temporal task queue.*USE_GCP_QUEUE=true`),
    );
  });
}

test('several of them are one hint, and what is false is none', () => {
  const { warnings } = detectMode({ GCP_PUBSUB_TOPIC: 'jobs', GCP_TASKS_QUEUE: 'q', USE_GCP_TASKS: 'false' });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^GCP_PUBSUB_TOPIC, GCP_TASKS_QUEUE have no effect/);
});

test('another SPARK_ENVIRONMENT is reported as unused', () => {
  const { mode, warnings } = detectMode({ SPARK_ENVIRONMENT: 'production' });
  assert.equal(mode, 'local');
  assert.match(warnings.join(), /SPARK_ENVIRONMENT=production has no effect/);
});

for (const value of ['cluster', 'toString']) {
  test(`SPARK_MODE=${value} is refused`, () => {
    assert.throws(() => detectMode({ SPARK_MODE: value }), {
      name: 'InvalidInput',
      message: `SPARK_MODE is "${value}", but must be one of serverless, standalone, local.`,
    });
  });
}
