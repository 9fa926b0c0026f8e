import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, killTree, processInfo, type ProcessIdentity } from '../../stack/processes.ts';
import { lastWords } from '../../stack/logs.ts';
import { Py4j } from './py4j.ts';
import { eventLogFolder } from './spark-arguments.ts';

export interface JvmOptions {
  /** pyspark's own folder, which holds bin/spark-submit. */
  sparkHome: string;
  /** For Spark's files: made here, removed when the JVM is gone. */
  folder: string;
  /** From `sparkArguments`. */
  parameters: readonly string[];
  environment: NodeJS.ProcessEnv;
  logFile: string;
}

export type JvmEnd = { code: number | null; signal: NodeJS.Signals | null };

/** What `-XX:+ExitOnOutOfMemoryError` ends a JVM with. */
const outOfMemoryExitCode = 3;
// Four seconds on a quiet machine; a busy one has taken fifty.
const startTimeoutMs = 180_000;
const cleanUpTimeoutMs = 10_000;

/** A JVM with a Spark context and pyspark's gateway. It ends when this process does: it reads our end of its stdin. */
export class Jvm {
  readonly identity: ProcessIdentity;
  readonly port: number;
  readonly secret: string;
  /** The folder of its event log. */
  readonly eventLogs: string;
  /** Resolves when the process is gone and its folder removed. */
  readonly ended: Promise<JvmEnd>;
  end: JvmEnd | undefined;
  readonly #gateway: Py4j;
  #newestObject: number;

  private constructor(
    identity: ProcessIdentity,
    connection: { port: number; secret: string },
    gateway: Py4j,
    newestObject: number,
    eventLogs: string,
    ended: Promise<JvmEnd>,
  ) {
    this.identity = identity;
    this.port = connection.port;
    this.secret = connection.secret;
    this.eventLogs = eventLogs;
    this.#gateway = gateway;
    this.#newestObject = newestObject;
    this.ended = ended;
    void ended.then((end) => {
      this.end = end;
      gateway.close();
    });
  }

  /** Starts one and answers when its Spark context stands. Throws with the log's last words when it does not come up. */
  static async launch(options: JvmOptions, onStarted: (identity: ProcessIdentity) => void): Promise<Jvm> {
    const eventLogs = eventLogFolder(options.folder);
    mkdirSync(eventLogs, { recursive: true, mode: 0o700 });
    const connectionFile = path.join(options.folder, 'connection');
    keepOneOlderLog(options.logFile);
    const log = openSync(options.logFile, 'a', 0o600);
    const logStart = fstatSync(log).size;
    const why = (): string => lastWords(options.logFile, logStart) ?? 'it said nothing';
    const child = spawn(path.join(options.sparkHome, 'bin', 'spark-submit'), options.parameters, {
      // Its own group: Ctrl-C in a terminal is for the command there.
      detached: true,
      cwd: options.folder,
      stdio: ['pipe', log, log],
      env: {
        ...options.environment,
        _PYSPARK_DRIVER_CONN_INFO_PATH: connectionFile,
        SPARK_HOME: options.sparkHome,
      },
    });
    closeSync(log);
    let spawnError: string | undefined;
    const ended = new Promise<JvmEnd>((resolve) => {
      child.on('error', (error) => {
        spawnError = error.message;
        resolve({ code: null, signal: null });
      });
      child.on('exit', (code, signal) => resolve({ code, signal }));
    }).then((end) => {
      rmSync(options.folder, { recursive: true, force: true });
      return end;
    });
    child.stdin?.on('error', () => undefined);
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) {
      await ended;
      throw new Error(`the JVM did not start: ${spawnError ?? why()}`);
    }
    onStarted(identity);
    let gone = false;
    void ended.then(() => (gone = true));
    try {
      const giveUpAt = performance.now() + startTimeoutMs;
      let connection = readConnection(connectionFile);
      for (; connection === undefined; connection = readConnection(connectionFile)) {
        if (gone) throw new Error(`the JVM ended while it started: ${why()}`);
        if (performance.now() > giveUpAt)
          throw new Error(`the JVM did not start within ${startTimeoutMs / 1000} s`);
        await sleep(20);
      }
      const gateway = await Py4j.connect(connection.port, connection.secret);
      await gateway.object('org.apache.spark.SparkContext', 'getOrCreate');
      // The session's classes too, so that the first batch finds them loaded.
      const session = await rootSession(gateway);
      await gateway.call(await gateway.object(session, 'range', 1_000), 'count');
      return new Jvm(identity, connection, gateway, await gateway.releaseSince(0), eventLogs, ended);
    } catch (error) {
      await killTree(identity);
      await ended;
      throw error;
    }
  }

  get diedOfMemory(): boolean {
    return this.end?.code === outOfMemoryExitCode;
  }

  rssBytes(): number {
    return processInfo(this.identity.pid)?.rssBytes ?? 0;
  }

  async kill(): Promise<void> {
    await killTree(this.identity);
    await this.ended;
  }

  /** Does it still answer, within `timeoutMs`? */
  async answers(timeoutMs: number): Promise<boolean> {
    return within(timeoutMs, this.#gateway.call('java.lang.System', 'currentTimeMillis'));
  }

  /** Has the process ended, or does it within `timeoutMs`? */
  async goneWithin(timeoutMs: number): Promise<boolean> {
    return within(timeoutMs, this.ended);
  }

  /** Ends the Spark jobs of a batch; false when they have not ended in time or the JVM does not answer. */
  async endJobsOf(batchId: string): Promise<boolean> {
    return within(cleanUpTimeoutMs, this.#endJobsOf(batchId));
  }

  /** Only while no batch is attached: drops what batches cached and every Java object that they left behind. */
  async clearUp(): Promise<boolean> {
    return within(cleanUpTimeoutMs, this.#clearUp());
  }

  async #endJobsOf(batchId: string): Promise<void> {
    const gateway = this.#gateway;
    const context = await gateway.object('org.apache.spark.SparkContext', 'getOrCreate');
    await gateway.call(context, 'cancelJobGroup', batchId);
    const tracker = await gateway.object(context, 'statusTracker');
    for (;;) {
      const numbers = async (method: string, ...parameters: string[]): Promise<number[]> => {
        const array = await gateway.object(tracker, method, ...parameters);
        return JSON.parse((await gateway.call('java.util.Arrays', 'toString', array)) as string) as number[];
      };
      const ours = new Set(await numbers('getJobIdsForGroup', batchId));
      if (ours.size === 0 || !(await numbers('getActiveJobIds')).some((job) => ours.has(job))) return;
      await sleep(20);
    }
  }

  async #clearUp(): Promise<void> {
    const gateway = this.#gateway;
    const context = await gateway.object('org.apache.spark.SparkContext', 'getOrCreate');
    const catalog = await gateway.object(await rootSession(gateway), 'catalog');
    await gateway.call(catalog, 'clearCache');
    const java = await gateway.object(
      'org.apache.spark.api.java.JavaSparkContext',
      'fromSparkContext',
      context,
    );
    const persistent = await gateway.object(await gateway.object(java, 'getPersistentRDDs'), 'values');
    const left = await gateway.object(persistent, 'iterator');
    while (await gateway.call(left, 'hasNext'))
      await gateway.call(await gateway.object(left, 'next'), 'unpersist');
    this.#newestObject = await gateway.releaseSince(this.#newestObject);
  }
}

async function rootSession(gateway: Py4j) {
  return gateway.object(await gateway.object('org.apache.spark.sql.SparkSession', 'builder'), 'getOrCreate');
}

/** pyspark's handshake: a port and a secret with its length, both numbers of four bytes; renamed into place when whole. */
function readConnection(file: string): { port: number; secret: string } | undefined {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return undefined;
  }
  return {
    port: content.readInt32BE(0),
    secret: content.subarray(8, 8 + content.readInt32BE(4)).toString('utf8'),
  };
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, false, { signal: timer.signal, ref: false }).catch(() => false);
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => timer.abort());
}

function keepOneOlderLog(file: string): void {
  try {
    if (statSync(file).size > 5_000_000) renameSync(file, `${file}.1`);
  } catch {
    // there is none yet
  }
}
