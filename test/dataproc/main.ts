/**
 * `npm run emulator`: an object store, Dataproc Serverless, a metadata server and a secret on loopback, until Ctrl-C. Prints
 * what to export so that a worker sends its batches there.
 */
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { readStack } from '../../src/stack/record.ts';
import { startObjectStore, testTool } from '../support/object-store.ts';
import { runLiveEmulator } from '../live/main.ts';
import { startDataproc } from './service.ts';

const usage = `npm run emulator -- [options]: Dataproc Serverless on this machine, until Ctrl-C.

  --database <url>   what the secret holds; else DATABASE_URL, else the database of this checkout's stack
  --project <id>     (sevenfold-emulated)
  --region <name>    (us-central1)
  --bucket <name>    temp and results bucket, made here (sevenfold-temp)
  --slots <number>   batches that run at once (2)
  --live             the providers of live data instead; see: npm run emulator -- --live --help
  --instant          runs nothing: batches walk through their states on a timer, for load only
  --help
`;

if (process.argv.includes('--live')) {
  await runLiveEmulator(process.argv.slice(2));
  process.exit();
}

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    project: { type: 'string' },
    region: { type: 'string' },
    bucket: { type: 'string', default: 'sevenfold-temp' },
    slots: { type: 'string', default: '2' },
    instant: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const slots = Number(values.slots);
if (values.help || !Number.isInteger(slots) || slots < 1) {
  (values.help ? process.stdout : process.stderr).write(usage);
  process.exit(values.help ? 0 : 2);
}

const config = readConfig();
const { python, javaHome } = locateToolchain(config.stateFolder);
const databaseUrl = values.database ?? config.databaseUrl ?? readStack(config.stateFolder)?.databaseUrl;
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});

const store = await startObjectStore();
try {
  await store.buckets(values.bucket);
  const service = await startDataproc({
    python,
    javaHome,
    objectStore: store.endpoint,
    connectorJar: testTool('gcsConnector'),
    bucket: values.bucket,
    slots,
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(values.project !== undefined && { projectId: values.project }),
    ...(values.region !== undefined && { region: values.region }),
    ...(values.instant && { jobs: { runningMs: 1_000 } }),
  });
  try {
    for (const [name, value] of Object.entries(service.environment)) {
      process.stdout.write(`export ${name}='${value}'\n`);
    }
    const secret = databaseUrl === undefined ? 'No database is known: give one with --database.' : '';
    process.stderr.write(`# ${secret || 'Ready.'} Ctrl-C ends it and all that it runs.\n`);
    await interrupted;
  } finally {
    await service.stop();
  }
} finally {
  await store.stop();
}
