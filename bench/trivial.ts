import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createActivities } from '../src/activities/index.ts';
import { readConfig } from '../src/config.ts';
import { createLocalEngine } from '../src/engines/local/client.ts';
import { claimRun } from '../src/ledger/runs.ts';
import { beginAttempt, layOutUnits } from '../src/ledger/units.ts';
import { startRig } from '../test/support/rig.ts';
import { onlyEngine } from '../test/support/engines.ts';
import { record } from './results.ts';

const batches = 20;

/** One Spark count, from the start of a workflow to its verdict in the ledger: the floor under every batch. */
export async function run(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const rig = await startRig();
  try {
    const { temporalAddress: address, databaseUrl, sparkSocket } = rig.stack();
    const connection = await NativeConnection.connect({ address });
    const client = new Client({ connection: await Connection.connect({ address }) });
    const engine = createLocalEngine({ socketPath: sparkSocket });
    const config = { ...readConfig(), stateFolder: rig.stateFolder };
    const activities = createActivities({
      config,
      database: rig.database,
      databaseUrl,
      engines: onlyEngine(engine),
      temporal: client,
      log: pino({ level: 'silent' }),
    });
    const worker = await Worker.create({
      connection,
      taskQueue: 'bench',
      activities,
      workflowsPath: fileURLToPath(new URL('./trivial-workflow.ts', import.meta.url)),
    });
    const runId = await layOutRun(rig.database);
    await worker.runUntil(async () => {
      const seconds: number[] = [];
      for (let i = 0; i < batches; i += 1) {
        const fence = await beginAttempt(rig.database, runId, 'trivial', 'none');
        const started = performance.now();
        await client.workflow.execute('trivialBatch', {
          taskQueue: 'bench',
          workflowId: randomUUID(),
          args: [fence],
        });
        seconds.push((performance.now() - started) / 1000);
      }
      const warm = seconds.slice(2).sort((a, b) => a - b);
      record({
        name: 'trivial batch, submit to verdict',
        size: `median of ${warm.length}, warm`,
        seconds: warm[Math.floor(warm.length / 2)]!,
        targetSeconds: 0.5,
        stages: { first: seconds[0]!, fastest: warm[0]!, slowest: warm.at(-1)! },
      });
    });
    await engine.close();
    await connection.close();
    await client.connection.close();
  } finally {
    await rig.takeDown();
  }
}

async function layOutRun(database: Parameters<typeof claimRun>[0]): Promise<string> {
  const { runId } = await claimRun(
    database,
    {
      key: 'bench/trivial',
      kind: 'bench',
      dataset: 'bench',
      date: null,
      workflowId: 'bench',
      workflowRunId: randomUUID(),
      priority: 1,
      engine: 'local',
      input: {},
    },
    async () => false,
  );
  await layOutUnits(database, runId, ['trivial']);
  return runId;
}
