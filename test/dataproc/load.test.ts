import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucket, startEmulated } from './support.ts';

test('200 batches are watched at once, with what each left behind', async () => {
  const emulated = await startEmulated({
    jobs: {
      runningMs: 1_000,
      async work(batch, objects) {
        const results = batch.pysparkBatch!.args!.at(-1)!;
        await objects.write(`${results}outcome.json`, JSON.stringify({ status: 'succeeded', result: {} }));
      },
    },
  });
  try {
    const ids = Array.from({ length: 200 }, (_, number) => `load-${number}`);
    const started = performance.now();
    const states = await Promise.all(
      ids.map(async (id) => {
        const args = ['--results', `gs://${bucket}/jobs/${id}/results/`];
        await emulated.create(id, `gs://${bucket}/code/none.py`, { pysparkBatch: { args } });
        for (;;) {
          const { state } = await emulated.get(id);
          if (state === 'SUCCEEDED' || state === 'FAILED') return state;
          await sleep(100);
        }
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    assert.deepEqual(new Set(states), new Set(['SUCCEEDED']));
    assert.ok(seconds < 10, `${seconds} s`);
    const outcome = await emulated.objects.read(`gs://${bucket}/jobs/load-199/results/outcome.json`);
    assert.match(outcome.toString(), /succeeded/);
    assert.deepEqual(emulated.service.started, [], 'nothing was run');
  } finally {
    await emulated.stop();
  }
});
