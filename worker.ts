import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { createActivities } from './src/activities/index.ts';
import { describeFailure } from './src/commands/failures.ts';
import { readConfig, taskQueues } from './src/config.ts';
import { clientOptions, resolveConnections } from './src/connections.ts';
import { openDatabase } from './src/database/pool.ts';
import { createEngines } from './src/engines/choose.ts';
import { Failure } from './src/failures.ts';
import { createLog } from './src/log.ts';
import { ledgerId, workerIdentity } from './src/ledger/identity.ts';
import { keepHeapSmall } from './src/memory.ts';
import { assertSearchAttributes } from './src/search-attributes.ts';
import { temporalLogger } from './src/temporal-log.ts';
import { bundleWorkflows } from './src/workflow-bundle.ts';
import { workerOptions } from './src/worker-options.ts';

const help = `node launch.mjs worker [--queue spark]

Serves the task queues ${taskQueues.main} (workflows, light activities) and ${taskQueues.batch} (watching batches)
and ${taskQueues.fetch} (asking the providers of live data).
--queue spark serves ${taskQueues.spark} instead: the batches of workers that run with USE_GCP_QUEUE=true.`;

/** The worker process: registers workflows and activities; nothing else. */
async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { queue: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (options.help) return console.log(help);
  if (options.queue !== undefined && options.queue !== 'spark') {
    throw new Failure('InvalidInput', `--queue is "${options.queue}", but must be "spark" or left out.`);
  }
  const servesQueue = options.queue === 'spark';
  const bundling = servesQueue ? undefined : bundleWorkflows();
  bundling?.catch(() => undefined); // reported where it is awaited
  const config = readConfig();
  // The number tells the supervisor which of several workers of one log is ready.
  const log = createLog(config.logLevel, { part: 'worker', pid: process.pid });
  Runtime.install({ logger: temporalLogger(log) });

  const { databaseUrl, temporal, sparkSocket } = await resolveConnections(config);
  const connection = await NativeConnection.connect(temporal.connection);
  const clientConnection = await Connection.connect(clientOptions(temporal.connection));
  await assertSearchAttributes(clientConnection, temporal.namespace);

  const database = openDatabase(databaseUrl, 'sevenfold-worker');
  const engines = createEngines({ config, sparkSocket, log, servesQueue });
  for (const warning of config.warnings) log.warn(warning);
  const activities = createActivities({
    config,
    database,
    databaseUrl,
    engines,
    temporal: new Client({ connection: clientConnection, namespace: temporal.namespace }),
    log,
  });

  // Whoever starts a run sees by it whether this worker writes to the database that they read. One that is down now may be
  // back when the first activity asks for it.
  const ledger = await ledgerId(database).catch(() => undefined);
  const common = {
    connection,
    namespace: temporal.namespace,
    identity: workerIdentity(process.pid, hostname(), ledger),
    activities,
    shutdownGraceTime: '1 second',
    shutdownForceTime: '10 seconds',
  } as const;
  const watching = { ...common, maxConcurrentActivityTaskExecutions: 500 };
  const workers = !bundling
    ? [await Worker.create({ ...watching, taskQueue: taskQueues.spark })]
    : [
        await Worker.create({
          ...common,
          taskQueue: taskQueues.main,
          workflowBundle: await bundling,
          ...workerOptions,
        }),
        await Worker.create({ ...watching, taskQueue: taskQueues.batch }),
        await Worker.create({
          ...common,
          taskQueue: taskQueues.fetch,
          maxConcurrentActivityTaskExecutions: 16,
        }),
      ];

  const queues = workers.map((worker) => worker.options.taskQueue);
  keepHeapSmall(); // not before: what is loaded at the start would be collected again and again
  log.info({ temporal: temporal.connection.address, queues, mode: config.mode }, 'worker is ready');
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await engines.close();
    await database.end();
    await clientConnection.close();
    await connection.close();
  }
}

main().catch((error: unknown) => {
  const { message, expected } = describeFailure(error);
  const more = !expected && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  process.stderr.write(`worker: ${message}${more}\n`);
  process.exitCode = 1;
  // The native part of a worker that could not start keeps the process alive.
  setTimeout(() => process.exit(1), 500).unref();
});
