import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resources } from '../../src/planning/executors.ts';
import {
  checkProperties,
  checkRuntime,
  parseProperties,
  planProperties,
} from '../../src/planning/spark-properties.ts';

const resources: Resources = {
  executors: 7,
  executorCores: 8,
  executorMemoryGb: 20,
  driverCores: 4,
  driverMemoryGb: 10,
  memoryFactor: 1,
  rule: 'document',
};

const always = {
  'spark.executor.instances': '7',
  'spark.executor.cores': '8',
  'spark.driver.cores': '4',
  'spark.executor.memory': '20g',
  'spark.driver.memory': '10g',
  'spark.sql.adaptive.enabled': 'true',
  'spark.sql.adaptive.coalescePartitions.enabled': 'true',
  'spark.sql.adaptive.skewJoin.enabled': 'true',
};

test('a barrier job keeps its executors: no dynamic allocation, and none of its bounds', () => {
  assert.deepEqual(planProperties(resources, { barrier: true, min: 2, max: 100 }), {
    ...always,
    'spark.dynamicAllocation.enabled': 'false',
  });
});

test('other jobs begin with the planned executors and stay within the limits', () => {
  assert.deepEqual(planProperties(resources, { barrier: false, min: 2, max: 100 }), {
    ...always,
    'spark.dynamicAllocation.enabled': 'true',
    'spark.dynamicAllocation.minExecutors': '2',
    'spark.dynamicAllocation.maxExecutors': '100',
    'spark.dynamicAllocation.initialExecutors': '7',
    'spark.dynamicAllocation.executorIdleTimeout': '600s',
  });
});

test('properties of a setting are read by name, and what a batch would choke on is refused in one line', () => {
  assert.deepEqual(parseProperties(' spark.sql.shuffle.partitions=64, spark.locality.wait=0s '), {
    'spark.sql.shuffle.partitions': '64',
    'spark.locality.wait': '0s',
  });
  for (const [setting, said] of [
    ['spark.sql.shuffle.partitions=auto', /must be a whole number/],
    ['spark.master=yarn', /the service's own/],
    ['partitions', /must be spark.name=value/],
  ] as const) {
    assert.throws(() => parseProperties(setting), { type: 'InvalidInput', message: said });
  }
});

test('memory that is no whole number of GB is given in MB', () => {
  const properties = planProperties(
    { ...resources, driverMemoryGb: 7.5 },
    { barrier: true, min: 2, max: 100 },
  );
  assert.equal(properties['spark.driver.memory'], '7680m');
});

for (const name of [
  'spark.master',
  'spark.driver.host',
  'spark.yarn.queue',
  'spark.yarn.executor.memoryOverhead',
  'spark.shuffle.service.enabled',
]) {
  test(`${name} is never set`, () => {
    assert.throws(() => checkProperties({ [name]: 'x' }), {
      name: 'InvalidInput',
      message: `Spark property ${name} is the service's own: leave it out.`,
    });
  });
}

for (const [name, value, message] of [
  ['spark.sql.shuffle.partitions', 'auto', /is "auto", but must be a whole number/],
  ['spark.sql.shuffle.partitions', '0', /is "0"/],
  ['spark.executor.cores', '6', /is "6", but must be one of 4, 8, 16/],
  ['spark.driver.memory', 'much', /is "much", but must be a size/],
  ['spark.executor.memory', '2g', /spark\.executor\.memory is 2 GB for 4 cores/],
  ['spark.executor.memory', '40g', /too much for 4 cores: set spark\.executor\.cores to 8/],
  ['spark.executor.memory', '400g', /at most 105 GB/],
] as const) {
  test(`${name}=${value} is refused in one line`, () => {
    assert.throws(
      () => checkProperties({ [name]: value }),
      (error: Error) => {
        assert.equal(error.name, 'InvalidInput');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test('bounds beside switched-off dynamic allocation are refused', () => {
  assert.throws(
    () =>
      checkProperties({
        'spark.dynamicAllocation.enabled': 'false',
        'spark.dynamicAllocation.maxExecutors': '9',
      }),
    /maxExecutors has no meaning while/,
  );
});

test('what is in order is given back as it was', () => {
  const properties = {
    ...always,
    'spark.sql.shuffle.partitions': '64',
    'spark.driver.hostname': 'not ours to refuse',
    'spark.shuffle.compress': 'true',
  };
  assert.deepEqual(checkProperties(properties), properties);
});

const synapse = 'synapseml-lightgbm_2.12-1.1.3.jar';
for (const [runtime, artifacts] of [
  ['1.2', [synapse, 'postgresql-42.7.7.jar', 'com.microsoft.azure:synapseml-lightgbm_2.12:1.1.3']],
  ['1.2.34', [synapse]],
  ['2.2', ['delta-spark_2.13-3.2.0.jar', 'postgresql-42.7.7.jar', 'lightgbmlib-3.3.510.jar']],
  ['2.1', []],
] as const) {
  test(`runtime ${runtime} takes ${artifacts.length} artifacts that fit`, () =>
    checkRuntime(runtime, artifacts));
}

for (const [runtime, artifact, message] of [
  [
    '2.1',
    synapse,
    /synapseml-lightgbm_2\.12-1\.1\.3\.jar is built for Scala 2\.12, but Dataproc runtime 2\.1 has Scala 2\.13: set DATAPROC_RUNTIME_VERSION to 1\.2\./,
  ],
  ['2.2', 'com.microsoft.azure:synapseml_2.12:1.1.3', /Scala 2\.12/],
  ['2.2', 'synapseml_2.12', /Scala 2\.12/],
  ['3.0', synapse, /has Scala 2\.13/],
  [
    '1.2',
    'delta-spark_2.13-3.2.0.jar',
    /runtime 1\.2 has Scala 2\.12: set DATAPROC_RUNTIME_VERSION to 2\.2\./,
  ],
  ['1.1', 'x_2.13', /has Scala 2\.12/],
  ['newest', 'x.jar', /"newest" is no version such as 1\.2/],
] as const) {
  test(`runtime ${runtime} refuses ${artifact}`, () => {
    assert.throws(() => checkRuntime(runtime, ['postgresql-42.7.7.jar', artifact]), {
      name: 'InvalidInput',
      message,
    });
  });
}
