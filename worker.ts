import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { createActivities } from './src/activities/index.ts';
import { readConfig, taskQueues } from './src/config.ts';
import { resolveConnections } from './src/connections.ts';
import { openDatabase } from './src/database/pool.ts';
import { createLocalEngine } from './src/engines/local.ts';
import { Failure } from './src/failures.ts';
import { keepHeapSmall } from './src/memory.ts';
import { assertSearchAttributes } from './src/search-attributes.ts';

/** The worker process: registers workflows and activities; nothing else. */
async function main(): Promise<void> {
  keepHeapSmall();
  const config = readConfig();
  const log = pino({ level: config.logLevel, base: { part: 'worker' } });
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => log.info({ ...meta, level }, message)),
  });

  const { databaseUrl, temporal, sparkSocket } = await resolveConnections(config);
  const connection = await NativeConnection.connect(temporal.connection);
  const clientConnection = await Connection.connect(temporal.connection);
  await assertSearchAttributes(clientConnection, temporal.namespace);

  const database = openDatabase(databaseUrl, 'sevenfold-worker');
  const engine = createLocalEngine({ socketPath: sparkSocket });
  const activities = createActivities({
    config,
    database,
    databaseUrl,
    engine,
    temporal: new Client({ connection: clientConnection, namespace: temporal.namespace }),
    log,
  });

  const common = {
    connection,
    namespace: temporal.namespace,
    activities,
    shutdownGraceTime: '1 second',
    shutdownForceTime: '10 seconds',
  } as const;
  const main = await Worker.create({
    ...common,
    taskQueue: taskQueues.main,
    workflowsPath: fileURLToPath(new URL('./src/workflows/index.ts', import.meta.url)),
    // A worker that was killed leaves its sticky queue behind; waiting 10 s for it (the default) helps nobody.
    stickyQueueScheduleToStartTimeout: '2 seconds',
  });
  const batches = await Worker.create({
    ...common,
    taskQueue: taskQueues.batch,
    maxConcurrentActivityTaskExecutions: 500,
  });

  log.info({ temporal: temporal.connection.address, queues: Object.values(taskQueues) }, 'worker is ready');
  try {
    await Promise.all([main.run(), batches.run()]);
  } finally {
    await engine.close();
    await database.end();
    await clientConnection.close();
    await connection.close();
  }
}

main().catch((error: unknown) => {
  const expected = error instanceof Failure;
  process.stderr.write(
    `worker: ${expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
  // The native part of a worker that could not start keeps the process alive.
  setTimeout(() => process.exit(1), 500).unref();
});
