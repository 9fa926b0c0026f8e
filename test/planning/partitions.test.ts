import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placed } from '../../src/commands/placement-options.ts';
import type { Start } from '../../src/commands/start-run.ts';
import { cvKey } from '../../src/kinds/cross-validation/key.ts';
import type { CvInput } from '../../src/kinds/cross-validation/input.ts';
import { partitionsOf } from '../../src/planning/partitions.ts';

const machines = { executors: 6, executorCores: 4 };

test('what was planned for a cluster reaches the job, whatever executors are there when it starts', () => {
  assert.deepEqual(partitionsOf('forecast_infer', 'dataproc', undefined, machines), { partitions: 48 });
  assert.deepEqual(partitionsOf('pool_metrics', 'standalone', undefined, machines), { partitions: 48 });
  assert.deepEqual(partitionsOf('forecast_infer', 'local', undefined, machines), {});
});

test('what the run asks for comes first, and a job that is not cut gets nothing', () => {
  assert.deepEqual(partitionsOf('forecast_infer', 'local', 7, machines), { partitions: 7 });
  assert.deepEqual(partitionsOf('forecast_infer', 'dataproc', 7, machines), { partitions: 7 });
  assert.deepEqual(partitionsOf('pool_ingest', 'dataproc', 7, machines), {});
});

test('--partitions goes with the run, is part of no key, and is refused where it is none', () => {
  const start = { input: {} } as unknown as Start;
  const config = { mode: 'local' as const, warnings: [] };
  assert.deepEqual(placed(start, { partitions: '16' }, config).input, { partitions: 16 });
  for (const partitions of ['0', '1.5', 'many', '1e9']) {
    assert.throws(() => placed(start, { partitions }, config), /--partitions/);
  }
  const input = { dataset: 'x' } as unknown as CvInput;
  assert.equal(cvKey({ ...input, partitions: 16 }), cvKey(input));
});
