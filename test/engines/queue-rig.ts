import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { readConfig } from '../../src/config.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { testDependencies } from '../support/daily-run.ts';
import { developmentServer } from '../support/temporal.ts';
import type { ContractRig } from './contract.ts';
import type { Cleanup } from './in-process-rig.ts';
import { read } from './support.ts';
import type { TestKeeper } from './support.ts';
import { until } from '../support/until.ts';

/** Batches by way of the task queue: a workflow here, a worker process of the fleet there, which may be killed. */
export async function queueRig(keeper: TestKeeper, cleanup: Cleanup): Promise<ContractRig> {
  const deps = await testDependencies(
    { after: (step: () => unknown) => cleanup.after(step) } as never,
    keeper.engine,
  );
  const server = await developmentServer();
  cleanup.after(() => server.teardown());
  const workflows = await Worker.create({
    connection: server.nativeConnection,
    namespace: server.namespace!,
    taskQueue: 'contract',
    workflowsPath: fileURLToPath(new URL('./queued-workflows.ts', import.meta.url)),
  });
  const running = workflows.run();
  cleanup.after(async () => {
    workflows.shutdown();
    await running;
  });

  const log = path.join(keeper.stateFolder, 'fleet.log');
  let fleet: ChildProcess;
  let starts = 0;
  async function startFleet(): Promise<void> {
    const out = openSync(log, 'a');
    fleet = spawn(process.execPath, ['launch.mjs', 'worker', '--queue', 'spark'], {
      cwd: readConfig().checkout,
      stdio: ['ignore', out, out],
      env: {
        ...process.env,
        DATABASE_URL: deps.databaseUrl,
        TEMPORAL_ADDRESS: server.address,
        TEMPORAL_NAMESPACE: server.namespace,
        SEVENFOLD_STATE: keeper.stateFolder,
        SEVENFOLD_SPARK_SOCKET: keeperSocket(keeper.stateFolder),
        SEVENFOLD_FAILPOINTS: keeper.failpoints,
        // The fleet is set up like the workers that send to it, and must not send on.
        USE_GCP_QUEUE: 'true',
      },
    });
    starts += 1;
    await until('the fleet is ready', () => {
      const ready = (read(log) ?? '').split('"worker is ready"').length - 1;
      return ready >= starts ? true : undefined;
    });
  }
  async function killFleet(): Promise<void> {
    const gone = new Promise((resolve) => fleet.once('exit', resolve));
    fleet.kill('SIGKILL');
    await gone;
  }
  await startFleet();
  cleanup.after(killFleet);

  const execute = <Result>(workflow: string, input: unknown): Promise<Result> =>
    server.client.workflow.execute(workflow, {
      taskQueue: 'contract',
      workflowId: randomUUID(),
      args: [input],
    }) as Promise<Result>;

  return {
    deps,
    failpoints: keeper.failpoints,
    watch: (input) => ({
      outcome: execute('queuedBatch', input),
      keepsWatching: true,
      async lose() {
        await killFleet();
        await startFleet();
      },
    }),
    cancel: (runId) => execute('queuedCancel', runId),
    async loseNextAnswer() {
      const point = path.join(keeper.failpoints, 'after-create');
      for (const ending of ['.hit', '.go']) rmSync(point + ending, { force: true });
      writeFileSync(point, '');
      void until('the fleet has created the batch', () => read(`${point}.hit`)).then(async () => {
        await killFleet();
        await startFleet();
      });
    },
    close: () => cleanup.run(),
  };
}
