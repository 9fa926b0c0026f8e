import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildModel } from '../../../src/pools/allocation/model.ts';
import { boundsOf } from '../../../src/pools/allocation/problem.ts';
import { solveInThread, SolverCrashed } from '../../../src/pools/allocation/solver.ts';
import { problemOf } from '../../support/allocation-problems.ts';

const problem = problemOf({ seed: 5, pools: 37, tokens: 11, assetsUsd: 1e6, start: 'spread' });
const { milp } = buildModel(problem, boundsOf(problem));

/** A thread that does something else instead of solving. */
async function thread(t: TestContext, code: string): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'sevenfold-thread-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'thread.mjs');
  await writeFile(file, `import { parentPort } from 'node:worker_threads';\n${code}`);
  return pathToFileURL(file);
}

test('while the solver works, the event loop goes on', async () => {
  let beats = 0;
  const beat = setInterval(() => (beats += 1), 10);
  const answer = await solveInThread({ milp, timeLimitSeconds: 30 });
  clearInterval(beat);
  assert.equal(answer.outcome, 'solved');
  assert.ok(beats >= (answer.seconds * 1000) / 10 / 10, `${beats} beats in ${answer.seconds} s`);
});

test('a solver that does not look at its clock is ended', async (t) => {
  const file = await thread(t, 'for (;;);');
  const answer = await solveInThread({ milp, timeLimitSeconds: 1 }, { thread: file, hardLimitMs: 300 });
  assert.equal(answer.outcome, 'none');
  assert.match(answer.outcome === 'none' ? answer.why : '', /did not keep its limit of 1 s and was ended/);
});

test('a solver that dies says so in one line', async (t) => {
  const dies = await thread(t, 'process.exit(3);');
  await assert.rejects(solveInThread({ milp, timeLimitSeconds: 1 }, { thread: dies }), (error: Error) => {
    assert.ok(error instanceof SolverCrashed);
    assert.match(error.message, /ended with code 3/);
    return true;
  });
  const throws = await thread(t, `throw new Error('no memory\\nat wasm');`);
  await assert.rejects(solveInThread({ milp, timeLimitSeconds: 1 }, { thread: throws }), {
    message: 'no memory',
  });
});

test('a programme that makes no sense is a crash, not an answer', async () => {
  const broken = { ...milp, index: milp.index.map(() => 1e6) };
  await assert.rejects(solveInThread({ milp: broken, timeLimitSeconds: 1 }), SolverCrashed);
});
