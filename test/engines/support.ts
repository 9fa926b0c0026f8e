import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import { isTerminal, type BatchObservation, type BatchRequest } from '../../src/engines/engine.ts';
import { createLocalEngine, type LocalEngine } from '../../src/engines/local/client.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { descendantsOf, identify, waitUntilGone, type ProcessIdentity } from '../../src/stack/processes.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { until } from '../support/until.ts';

const config = readConfig();

/** A real keeper on a state folder of its own, with the jobs of spark/tests/jobs beside the real ones. */
export interface TestKeeper {
  engine: LocalEngine;
  stateFolder: string;
  failpoints: string;
  process: () => ChildProcess;
  directory: (batchId: string) => string;
  /** The keeper and all below it. */
  everyProcess: () => ProcessIdentity[];
  start: () => void;
  /** Makes this process the keeper again, after another one was tried. */
  adopt: (keeper: ChildProcess) => void;
  stop: () => Promise<void>;
}

/** What a person who also works with another Spark and another Python may have set, and no batch should notice. */
function oddEnvironment(scratch: string): NodeJS.ProcessEnv {
  const otherSpark = path.join(scratch, 'other spark');
  mkdirSync(path.join(otherSpark, 'pyspark'), { recursive: true });
  writeFileSync(path.join(otherSpark, 'pyspark', '__init__.py'), 'raise ImportError("another Spark")\n');
  writeFileSync(path.join(otherSpark, 'spark-defaults.conf'), 'spark.master spark://nowhere:7077\n');
  const jobs = path.join(config.checkout, 'spark', 'tests', 'jobs');
  return {
    PYTHONPATH: [otherSpark, jobs].join(path.delimiter),
    PYTHONHOME: otherSpark,
    PYTHONSTARTUP: path.join(otherSpark, 'startup.py'),
    SPARK_HOME: otherSpark,
    SPARK_CONF_DIR: otherSpark,
    HADOOP_CONF_DIR: otherSpark,
    PYSPARK_PYTHON: '/usr/bin/false',
    PYSPARK_SUBMIT_ARGS: '--master spark://nowhere:7077 pyspark-shell',
    LC_ALL: 'C',
    LANG: 'C',
  };
}

export function startKeeper(settings: { slots?: number } = {}): TestKeeper {
  // A person's folders are called like this: blanks, quotes, letters that are no ASCII, what means something in lists,
  // addresses and formats.
  const stateFolder = realpathSync(mkdtempSync(path.join(tmpdir(), `sevenfold keeper's "éß,#%20" `)));
  const failpoints = mkdtempSync(path.join(tmpdir(), 'sevenfold-failpoints-'));
  writeFileSync(
    path.join(stateFolder, 'toolchain.json'),
    JSON.stringify(locateToolchain(config.stateFolder)),
  );
  const socketPath = keeperSocket(stateFolder);
  const log = openSync(path.join(stateFolder, 'keeper.log'), 'a');
  let child: ChildProcess | undefined;

  function start(): void {
    child = spawn(process.execPath, ['launch.mjs', 'keeper'], {
      cwd: config.checkout,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        SEVENFOLD_STATE: stateFolder,
        SEVENFOLD_SPARK_SOCKET: socketPath,
        SEVENFOLD_FAILPOINTS: failpoints,
        SPARK_DRIVER_MEMORY: '1g',
        SPARK_EXECUTOR_MEMORY: '512m',
        SPARK_LOCAL_CORES: '2',
        SPARK_LOCAL_SLOTS: String(settings.slots ?? 1),
        ...oddEnvironment(stateFolder),
      },
    });
  }

  function everyProcess(): ProcessIdentity[] {
    const pid = child?.pid ?? 0;
    const keeper = identify(pid);
    return [...(keeper ? [keeper] : []), ...descendantsOf(pid)];
  }

  start();
  const engine = createLocalEngine({ socketPath });
  return {
    engine,
    stateFolder,
    failpoints,
    process: () => child!,
    directory: (batchId) => path.join(stateFolder, 'batches', batchId),
    everyProcess,
    start,
    adopt: (keeper) => void (child = keeper),
    async stop() {
      await engine.close();
      const processes = everyProcess();
      child?.kill('SIGTERM');
      const gone = await waitUntilGone(processes, 20_000);
      for (const folder of [stateFolder, failpoints, path.dirname(socketPath)]) {
        rmSync(folder, { recursive: true, force: true });
      }
      if (!gone) throw new Error('the keeper left processes behind');
    },
  };
}

/** What an engine that chooses no machines is reported. */
const oneMachine: BatchRequest['resources'] = {
  executors: 2,
  executorCores: 4,
  executorMemoryGb: 4,
  driverCores: 4,
  driverMemoryGb: 4,
  memoryFactor: 1,
  rule: 'fixed',
};

/** A request for the job `probe`, which does what `input.do` says. */
export function probe(input: Record<string, unknown>, more: Partial<BatchRequest> = {}): BatchRequest {
  return {
    batchId: `sf-probe-${randomBytes(4).toString('hex')}`,
    job: 'probe',
    input,
    fence: { runId: 'r', unit: 'u', attempt: 1, fingerprint: 'f' },
    priority: 1,
    timeoutMs: 120_000,
    isolated: false,
    resources: oneMachine,
    labels: { 'run-id': 'r' },
    ...more,
  };
}

export async function ended(engine: LocalEngine, batchId: string): Promise<BatchObservation> {
  let seen = await engine.look(batchId);
  while (seen && !isTerminal(seen.state)) seen = await engine.lookForChange(batchId, seen.state, 10_000);
  if (!seen) throw new Error(`the engine does not know ${batchId}`);
  return seen;
}

/** Runs a batch to its end. */
export async function run(
  engine: LocalEngine,
  request: BatchRequest,
  environment: Record<string, string> = {},
): Promise<BatchObservation> {
  await engine.create(request, environment);
  return ended(engine, request.batchId);
}

export function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Arms a failure point and answers, when a job has reached it, which process did. */
export async function halted(keeper: Pick<TestKeeper, 'failpoints'>, name: string): Promise<ProcessIdentity> {
  const pid = await until(`a process halts at ${name}`, () => {
    const hit = read(path.join(keeper.failpoints, `${name}.hit`));
    return hit ? (JSON.parse(hit) as { pid: number }).pid : undefined;
  });
  return identify(pid)!;
}

export function arm(keeper: Pick<TestKeeper, 'failpoints'>, name: string): void {
  for (const file of [`${name}.hit`, `${name}.go`])
    rmSync(path.join(keeper.failpoints, file), { force: true });
  writeFileSync(path.join(keeper.failpoints, name), '');
}
