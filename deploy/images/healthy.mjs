// Asked by Docker: does the program in this container do its work? Exit code 0 says yes.
import { connect } from 'node:net';
import { hostname } from 'node:os';

const patienceMs = 8_000;
/** A worker asks for work at least once a minute. */
const silentMs = 150_000;

function keeperAnswers(socketPath) {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => socket.write('{"method":"health"}\n'));
    socket.once('data', () => resolve(socket.destroy()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the keeper closed the connection')));
  });
}

async function workerPolls(taskQueue) {
  const { Connection } = await import('@temporalio/client');
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 2, // activities: all our queues have them
  });
  const recent = (pollers ?? []).some(
    ({ identity, lastAccessTime }) =>
      identity?.endsWith(`@${hostname()}`) &&
      Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < silentMs,
  );
  if (!recent) throw new Error(`nobody on ${hostname()} asks queue ${taskQueue} for work`);
}

const checks = {
  keeper: () => keeperAnswers(process.env.SEVENFOLD_SPARK_SOCKET),
  worker: () => workerPolls('sevenfold'),
  queue: () => workerPolls('sevenfold-spark'),
};

setTimeout(() => {
  console.error('no answer');
  process.exit(1);
}, patienceMs);
try {
  await checks[process.argv[2]]();
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
