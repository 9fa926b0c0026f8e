import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Command } from 'commander';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { sweepBatches } from '../../src/activities/sweep-batches.ts';
import { register } from '../../src/commands/batches.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { readConfig } from '../../src/config.ts';
import { createEngines } from '../../src/engines/choose.ts';
import { modesOf, shippedEngines } from '../../src/engines/index.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { findBatch } from '../../src/ledger/batches.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { objectsOf } from '../../src/objects.ts';
import { priceInWords } from '../../src/pages/sections/estimates.ts';
import { testDependencies } from '../support/daily-run.ts';
import { claimedRun } from '../support/noted-batch.ts';
import { elsewhere } from './made-in-a-test.ts';
import { arm, halted, startKeeper } from './support.ts';
import type { TestKeeper } from './support.ts';

const registry = { ...shippedEngines, elsewhere };
let keeper: TestKeeper;
before(() => {
  keeper = startKeeper();
});
after(() => keeper.stop());

/** An installation whose environment chooses the engine; no run of it is open in Temporal. */
async function installation(t: TestContext): Promise<{ deps: Dependencies; fence: Fence }> {
  const base = await testDependencies(t);
  const { stateFolder } = base.config;
  const sparkSocket = keeperSocket(keeper.stateFolder);
  const environment = { ELSEWHERE_FOLDER: keeper.stateFolder, ELSEWHERE_SOCKET: sparkSocket };
  const config = { ...readConfig(environment, registry), stateFolder, databaseUrl: base.databaseUrl };
  // This machine's engine is on the same keeper: a sweep sees the batch twice and ends it where it was sent.
  const engines = createEngines({ config, sparkSocket, log: { warn() {}, info() {} } });
  t.after(() => engines.close());
  const gone = { describe: () => Promise.reject(new WorkflowNotFoundError('gone', 'w', undefined)) };
  const temporal = {
    workflow: { getHandle: () => gone, async *list() {} },
  } as unknown as Dependencies['temporal'];
  const deps = { ...base, config, engines, temporal };
  const run = await claimedRun(deps.database, '2026-01-31', { engine: elsewhere.name });
  await layOutUnits(deps.database, run.runId, ['metrics']);
  return { deps, fence: await beginAttempt(deps.database, run.runId, 'metrics', 'f') };
}

function watch(deps: Dependencies, fence: Fence, input: Record<string, unknown>): Promise<BatchOutcome> {
  const placement = { withoutSpark: true };
  const work = () => runBatch(deps, { fence, job: 'probe', input, timeoutMs: 60_000, placement });
  return new MockActivityEnvironment().run<[], BatchOutcome, typeof work>(work);
}

async function command({ config }: Dependencies, line: string): Promise<string> {
  const lines: string[] = [];
  const out: CommandContext['out'] = {
    isTerminal: false,
    line: (text = '') => void lines.push(text),
    live() {},
    settle() {},
    json: (value) => void lines.push(JSON.stringify(value)),
  };
  const program = new Command().exitOverride();
  const context = { config: { ...config, sparkSocket: 'none', temporalAddress: '127.0.0.1:1' }, out };
  register(program, context);
  await program.parseAsync(`batches ${line}`.split(' '), { from: 'user' });
  return lines.join('\n');
}

test('the environment chooses it, by its own variable or by its word', () => {
  assert.deepEqual(modesOf(registry), ['local', 'standalone', 'queue', 'dataproc', 'elsewhere']);
  assert.equal(readConfig({ SPARK_MODE: 'afar' }, registry).mode, 'elsewhere');
  const both = readConfig({ ELSEWHERE_FOLDER: '/e', ENABLE_DATAPROC_SERVERLESS: '1' }, registry);
  assert.equal(both.mode, 'elsewhere');
  assert.match(both.warnings.join(), /ELSEWHERE_FOLDER says elsewhere, ENABLE_DATAPROC_SERVERLESS says data/);
  assert.throws(() => readConfig({ SPARK_MODE: 'cluster' }, registry), /one of afar, serverless, standalone/);
  assert.throws(() => readConfig({ SPARK_MODE: 'afar' }), /one of serverless, standalone, local\.$/);
});

test('a batch runs there to its end, and is priced, listed, exported and read', async (t) => {
  const { deps, fence } = await installation(t);
  const outcome = await watch(deps, fence, { do: 'answer' });
  assert.deepEqual([outcome.succeeded, outcome.engine, outcome.message], [true, 'elsewhere', undefined]);
  assert.match(outcome.batchId, /^ew-probe-/);
  const { rows } = await deps.database.query(
    `select request_id as request, resources -> 'executors' as executors, cost_estimate ->> 'estimator' as estimator,
            cost_actual -> 'usd' as usd from batches`,
  );
  const request = `00000000-0000-4000-8000-0000${outcome.batchId.slice(-8)}`;
  assert.deepEqual(rows, [{ request, executors: 3, estimator: 'flat', usd: 0.01 }]);

  assert.match(
    await command(deps, 'list --engine elsewhere'),
    new RegExp(`${outcome.batchId} .* elsewhere `),
  );
  assert.match(await command(deps, 'list --json'), /"execution_mode":"elsewhere_batch"/);
  await assert.rejects(command(deps, 'list --engine elsewere'), /elsewhere/);
  const log = await command(deps, `logs ${outcome.batchId}`);
  assert.ok(log.startsWith(`── ${keeper.directory(outcome.batchId)}`), log);
  assert.equal(objectsOf(deps.config, 'elsewhere'), 'gs://elsewhere/objects');
  assert.match(JSON.stringify(priceInWords([], ['elsewhere'], registry)), /What elsewhere bills/);
});

test('a batch that runs there is ended by a cancel of its run, and by a sweep', async (t) => {
  for (const end of ['cancel', 'sweep'] as const) {
    const { deps, fence } = await installation(t);
    arm(keeper, 'probe-running');
    const outcome = watch(deps, fence, { do: 'wait' });
    await halted(keeper, 'probe-running');
    if (end === 'cancel') {
      assert.deepEqual(await cancelBatches(deps, { runId: fence.runId }), { cancelled: 1 });
    } else {
      const { orphans, left } = await sweepBatches(deps, { mode: 'cancel' });
      assert.deepEqual(
        [orphans.map(({ engine, ended }) => [engine, ended]), left],
        [[['elsewhere', true]], 0],
      );
    }
    const { batchId, errorType } = await outcome;
    assert.deepEqual(
      [errorType, (await findBatch(deps.database, batchId))?.state],
      ['Cancelled', 'CANCELLED'],
    );
  }
});

test('without its settings it is not there: batches run elsewhere, and it is not swept', async (t) => {
  const { deps } = await installation(t);
  const config = { ...deps.config, ...readConfig({ ELSEWHERE_FOLDER: '/e' }, registry) };
  const engines = createEngines({ config, sparkSocket: 'none', log: { warn() {}, info() {} } });
  t.after(() => engines.close());
  const { mode, ...placed } = await engines.place();
  assert.deepEqual(
    [mode, 'fallback' in placed && placed.fallback],
    ['local', { from: 'elsewhere', reason: 'ELSEWHERE_SOCKET is not set.' }],
  );
  await assert.rejects(engines.named('elsewhere'), { name: 'InvalidInput', message: /ELSEWHERE_SOCKET/ });
  await assert.rejects(engines.named('nowhere'), { message: /no engine nowhere .* only local, standalone/ });
});
