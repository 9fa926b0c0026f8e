import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { totalmem } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';
import { realFolder } from '../../../setup/places.mjs';
import { writeWhole } from '../../../setup/whole-file.mjs';
import { pythonEnvironment, sparkEnvironment } from '../../child-environment.ts';
import { gigabytes } from '../../environment-values.ts';
import { Failure } from '../../failures.ts';
import { jarsFor } from '../../planning/job-needs.ts';
import { readIfWhole, writeJson } from '../../stack/files.ts';
import { lockHolder, tryLock } from '../../stack/lock.ts';
import { isOurs } from '../../stack/ownership.ts';
import type { NamedProcess } from '../../stack/ownership.ts';
import { plainName, socketFolder } from '../../stack/places.ts';
import { killTrees, type ProcessIdentity } from '../../stack/processes.ts';
import type { Toolchain } from '../../stack/toolchain.ts';
import { packCode } from '../code-package.ts';
import type { BatchRequest } from '../engine.ts';
import { Batches } from './batches.ts';
import type { KeeperAnswer, KeeperHealth, KeeperRequest } from './protocol.ts';
import { BatchRecords } from './records.ts';
import { Runners } from './runner.ts';
import { SharedJvm } from './shared-jvm.ts';
import { clusterArguments, sparkArguments } from './spark-arguments.ts';

export interface KeeperOptions {
  stateFolder: string;
  socketPath: string;
  python: string;
  javaHome: string;
  jars: readonly string[];
  classArchives?: Toolchain['classArchives'];
  /** The folder that holds sevenfold_jobs. */
  sparkFolder: string;
  cores: number;
  slots: number;
  driverMemory: string;
  /** Memory of an executor of a standalone cluster. */
  executorMemory: string;
  sparkProperties?: Readonly<Record<string, string>>;
  failpoints: string | undefined;
  /** What processes that we start inherit. */
  environment: NodeJS.ProcessEnv;
  pingEveryMs?: number;
  pingTimeoutMs?: number;
}

/** Our JVM needs about 0.4 GB beyond its heap; far more than that is a leak. */
const jvmOverheadBytes = 1.5 * 2 ** 30;

/**
 * The keeper of a state folder: holds the warm JVM and the Python process that forks the jobs, and serves the batches of
 * all workers on a Unix socket. Everything it starts ends with it; what it knew is read from the batches' folders by the
 * next one.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #log: Logger;
  readonly #folder: string;
  /** Can Spark be given the names of files in the state folder as they are? */
  readonly #isPlain: boolean;
  readonly #jvm: SharedJvm;
  readonly #runners: Runners;
  readonly #batches: Batches;
  readonly #records: BatchRecords;
  readonly #processes: NamedProcess[] = [];
  #server: Server | undefined;

  constructor(options: KeeperOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#folder = path.join(options.stateFolder, 'spark');
    const logs = path.join(options.stateFolder, 'logs');
    for (const folder of [this.#folder, logs]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = path.join(this.#folder, 'lock');
    if (!tryLock(lock)) {
      const holder = lockHolder(lock)?.pid ?? 'unknown';
      throw new Failure('AlreadyRunning', `Process ${holder} already serves this state folder.`);
    }

    const { cores, driverMemory, jars, classArchives: { local: classArchive } = {} } = options;
    const plain = plainName(options.stateFolder);
    this.#isPlain = plain === options.stateFolder;
    const plainly = (file: string): string => path.join(plain, path.relative(options.stateFolder, file));
    const sparkParameters = (folder: string): string[] =>
      sparkArguments({ cores, driverMemory, jars, classArchive }, folder);
    const parametersOf = (given: string, request: BatchRequest): string[] => {
      const folder = plainly(given);
      const { memoryFactor: factor, sparkMemory } = request.resources;
      const driver = timesMemory(sparkMemory ?? driverMemory, factor);
      if (request.master === undefined) {
        return sparkArguments({ cores, driverMemory: driver, jars, classArchive }, folder);
      }
      return clusterArguments(
        {
          master: request.master,
          driverMemory: driver,
          executorMemory: timesMemory(sparkMemory ?? options.executorMemory, factor),
          jars: jarsFor(request.job, jars),
          code: this.#codeArchive(),
          properties: options.sparkProperties ?? {},
        },
        folder,
      );
    };
    const environment: NodeJS.ProcessEnv = {
      ...sparkEnvironment(options.environment, options.sparkFolder),
      JAVA_HOME: options.javaHome,
      PYTHONUNBUFFERED: '1',
      PYTHONHASHSEED: '0',
      // Without it, tasks would take the system's Python.
      PYSPARK_PYTHON: options.python,
      PYSPARK_DRIVER_PYTHON: options.python,
      SPARK_LOCAL_IP: '127.0.0.1',
      // Threads of the linear algebra would not survive the fork, and their number must not change a figure.
      OPENBLAS_NUM_THREADS: '1',
      // It reaches a job with its request and never by what we were started with.
      DATABASE_URL: undefined,
    };
    this.#records = new BatchRecords(options.stateFolder);
    this.#jvm = new SharedJvm(
      {
        sparkHome: pysparkFolder(options.python, environment),
        folder: path.join(plain, 'spark'),
        parameters: sparkParameters,
        environment,
        logFile: path.join(logs, 'jvm.log'),
        rssLimitBytes: bytesOf(driverMemory) + jvmOverheadBytes,
        pingEveryMs: options.pingEveryMs ?? 5_000,
        pingTimeoutMs: options.pingTimeoutMs ?? 20_000,
      },
      log,
    );
    this.#runners = new Runners(
      {
        python: options.python,
        sparkFolder: options.sparkFolder,
        environment,
        log: openSync(path.join(logs, 'runner.log'), 'a', 0o600),
      },
      (identity) => this.#note(identity),
    );
    this.#batches = new Batches(
      { slots: options.slots, cores, sparkParameters: parametersOf, failpoints: options.failpoints },
      this.#records,
      this.#jvm,
      this.#runners,
      log,
    );
  }

  /** Ends what an earlier keeper left, starts the JVM and listens; the JVM may take some seconds more. */
  async start(): Promise<void> {
    await this.#endLeftovers();
    await this.#batches.recover();
    this.#runners.current();
    this.#jvm.start(
      (jvm) => {
        if (jvm) void this.#batches.warmUp(jvm, path.join(this.#folder, 'warm-up'));
        this.#batches.pump();
      },
      (identity) => this.#note(identity),
    );
    rmSync(this.#options.socketPath, { force: true });
    this.#server = createServer((socket) => void this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      this.#server?.once('error', reject).listen(this.#options.socketPath, resolve);
    });
    this.#log.info({ socket: this.#options.socketPath }, 'the keeper listens');
  }

  /** Ends everything. The next keeper records the batches that ran as failed. */
  async close(): Promise<void> {
    this.#server?.close();
    rmSync(this.#options.socketPath, { force: true });
    await Promise.all([this.#runners.close(), this.#jvm.close()]);
  }

  async #serve(socket: Socket): Promise<void> {
    const closed = new AbortController();
    socket.on('close', () => closed.abort()).on('error', () => closed.abort());
    try {
      for await (const line of createInterface({ input: socket })) {
        const answer = await this.#answer(line, closed.signal);
        if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'a client went away');
    }
  }

  async #answer(line: string, signal: AbortSignal): Promise<KeeperAnswer> {
    try {
      const request = JSON.parse(line) as KeeperRequest;
      switch (request.method) {
        case 'submit':
          return { value: this.#batches.submit(request.request, request.environment) };
        case 'look':
          return { value: this.#batches.states.look(request.batchId) ?? null };
        case 'lookForChange': {
          const { batchId, than, waitMs } = request;
          return { value: (await this.#batches.states.lookForChange(batchId, than, waitMs, signal)) ?? null };
        }
        case 'cancel':
          return { value: (await this.#batches.cancel(request.batchId)) ?? null };
        case 'list':
          return { value: this.#batches.states.list() };
        case 'health':
          return { value: this.#health() };
      }
    } catch (error) {
      if (error instanceof Failure) return { error: { type: error.type, message: error.message } };
      this.#log.error({ err: error }, 'a request failed');
      return { error: { type: 'Infrastructure', message: `The keeper failed: ${(error as Error).message}` } };
    }
  }

  #health(): KeeperHealth {
    const runner = this.#runners.current();
    return {
      pid: process.pid,
      jvm: this.#jvm.health(),
      runner: { pid: runner.identity?.pid ?? null, rssMb: Math.round(runner.rssBytes() / 2 ** 20) },
      slots: this.#options.slots,
      running: this.#batches.running,
      waiting: this.#batches.waiting,
    };
  }

  /** What the executors of a cluster import; packed anew for each batch, so that no edit is ever missed. */
  #codeArchive(): string {
    const { sparkFolder, environment } = this.#options;
    const folders = pythonEnvironment(environment, sparkFolder)['PYTHONPATH'] ?? sparkFolder;
    const { hash, zip } = packCode(folders.split(path.delimiter));
    // Spark follows a link to the file's own name, and splits its list of files at commas.
    const folder = this.#isPlain ? this.#folder : socketFolder(this.#options.stateFolder);
    const archive = path.join(folder, 'code', hash, 'jobs.zip');
    if (!existsSync(archive)) {
      mkdirSync(path.dirname(archive), { recursive: true, mode: 0o700 });
      writeWhole(archive, zip);
    }
    return archive;
  }

  /** Kept on disk, because a keeper that is killed cannot end what it started. */
  #note(identity: ProcessIdentity): void {
    this.#processes.push({ ...identity, folder: realFolder(this.#options.stateFolder) });
    writeJson(path.join(this.#folder, 'processes.json'), this.#processes);
  }

  async #endLeftovers(): Promise<void> {
    const noted = readIfWhole<NamedProcess[]>(path.join(this.#folder, 'processes.json')) ?? [];
    await killTrees(noted.filter((one) => isOurs(one, this.#options.stateFolder)));
  }
}

/** Where pip put pyspark, asked without importing it. */
function pysparkFolder(python: string, env: NodeJS.ProcessEnv): string {
  const code =
    'import importlib.util; print(importlib.util.find_spec("pyspark").submodule_search_locations[0])';
  return execFileSync(python, ['-c', code], { encoding: 'utf8', env }).trim();
}

/** More, for a batch that ran out of it, but never more than most of the machine. */
function timesMemory(size: string, factor: number): string {
  const most = Math.floor((totalmem() * 0.8) / 2 ** 20);
  return factor === 1 ? size : `${Math.min(most, Math.floor((bytesOf(size) * factor) / 2 ** 20))}m`;
}

/** `4g`, `512m` */
function bytesOf(size: string): number {
  return gigabytes(size) * 2 ** 30;
}
