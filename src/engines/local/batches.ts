import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { Failure } from '../../failures.ts';
import { killTrees } from '../../stack/processes.ts';
import { isTerminal, type BatchObservation, type BatchRequest } from '../engine.ts';
import { summariseEventLogFile } from '../event-log-file.ts';
import type { EventLogSummary } from '../event-log.ts';
import { copyLogSince, dropOldPieces, endOfLog } from './event-logs.ts';
import type { LogPosition } from './event-logs.ts';
import type { Jvm } from './jvm.ts';
import { cpuSeconds, kernelMemoryKills, rounded } from './meter.ts';
import { Queue } from './queue.ts';
import type { BatchRecords } from './records.ts';
import type { Driver, DriverEnd, JobRequest, Runners } from './runner.ts';
import type { SharedJvm } from './shared-jvm.ts';
import { asSubmitLine, eventLogFolder, isLoopback } from './spark-arguments.ts';
import { BatchStates, observe } from './states.ts';
import type { BatchEnd } from './verdict.ts';

export interface BatchesOptions {
  slots: number;
  /** Cores of this machine that Spark may use. */
  cores: number;
  /** Arguments of the JVM of a batch that has one of its own, which writes below `folder`. */
  sparkParameters: (folder: string, request: BatchRequest) => string[];
  /** Tests only: handed on to the jobs. */
  failpoints: string | undefined;
}

/** A batch that has not ended. */
interface Live {
  request: BatchRequest;
  priority: number;
  /** Secrets: they live here and in the job's process, nowhere else. */
  environment: Record<string, string>;
  driver: Driver | undefined;
  stopped: BatchEnd['stopped'];
  done: Promise<void>;
  finish: () => void;
}

/** Starts of the shared JVM that may fail in a row before the batches that wait for it are given up. */
const hopelessStarts = 3;
/** Drivers whose tasks run on a cluster cost this machine little; what they wait for is the cluster. */
const clusterSlots = 8;
const keepDays = 7;
const keepCount = 500;
const pruneEveryMs = 3_600_000;
const batchIdForm = /^[a-z][a-z0-9-]{2,61}[a-z0-9]$/;

/** All batches of a keeper: who waits, who runs, how they ended. */
export class Batches {
  readonly states: BatchStates;
  readonly #options: BatchesOptions;
  readonly #records: BatchRecords;
  readonly #jvm: SharedJvm;
  readonly #runners: Runners;
  readonly #log: Logger;
  readonly #queue = new Queue<Live>();
  readonly #live = new Map<string, Live>();
  readonly #running = new Set<Live>();
  #clearing = false;
  #warmingUp: Jvm | undefined;
  #prunedAt = 0;

  constructor(options: BatchesOptions, records: BatchRecords, jvm: SharedJvm, runners: Runners, log: Logger) {
    this.#options = options;
    this.#records = records;
    this.#jvm = jvm;
    this.#runners = runners;
    this.#log = log;
    this.states = new BatchStates(records, log);
  }

  get running(): string[] {
    return [...this.#running].map((batch) => batch.request.batchId);
  }

  get waiting(): string[] {
    return this.#queue.waiting.map((batch) => batch.request.batchId);
  }

  /** Closes what a keeper before us left open. Its secrets died with it, so nothing of it can be started again. */
  async recover(): Promise<void> {
    for (const record of this.#records.all().filter((one) => !isTerminal(one.state))) {
      this.#records.closeRegistration(record.batchId);
      await killTrees(this.#records.processesOf(record));
      const outcome = this.#records.outcome(record.batchId);
      this.states.conclude(record, {
        driver: { lost: true },
        outcome,
        stopped: record.state === 'CANCELLING' ? 'cancelled' : undefined,
        lastWords: '',
        saidOutOfMemory: false,
        ...(outcome === undefined
          ? { jvm: { problem: `the keeper ended while the batch was ${record.state}`, outOfMemory: false } }
          : { jvm: undefined }),
        kernelKilledForMemory: false,
        timeoutMs: 0,
      });
    }
    this.#prune();
  }

  submit(request: BatchRequest, environment: Record<string, string>): BatchObservation {
    const known = this.#records.get(request.batchId);
    if (known) return observe(known);
    if (!batchIdForm.test(request.batchId)) {
      throw new Failure('InvalidInput', `"${request.batchId}" is no batch id: 4 to 63 of a-z, 0-9 and -.`);
    }
    const record = this.#records.create(request);
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    const batch: Live = {
      request,
      priority: request.priority,
      environment,
      driver: undefined,
      stopped: undefined,
      done,
      finish,
    };
    this.#live.set(request.batchId, batch);
    this.#queue.add(batch);
    this.pump();
    return observe(record);
  }

  /** Ends the batch with all its processes and answers when they are gone. */
  async cancel(batchId: string): Promise<BatchObservation | undefined> {
    const batch = this.#live.get(batchId);
    if (batch) await this.#stop(batch, 'cancelled');
    return this.states.look(batchId);
  }

  /**
   * Takes a new JVM through one Python task, so that no batch has to wait for Spark's Python daemon (1.6 s of imports).
   * Batches may run meanwhile.
   */
  async warmUp(jvm: Jvm, directory: string): Promise<void> {
    this.#warmingUp = jvm;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { ended } = await this.#runners.start({
        batchId: `warm-up-${jvm.identity.pid}`,
        attempt: 1,
        job: 'trivial',
        input: { pythonTasks: true },
        fence: {},
        directory,
        databaseUrl: '',
        warm: { port: jvm.port, secret: jvm.secret },
      });
      await ended;
    } catch (error) {
      this.#log.warn(`the JVM was not warmed up: ${(error as Error).message}`);
    } finally {
      if (this.#warmingUp === jvm) this.#warmingUp = undefined;
    }
  }

  /** Starts what may start. Called whenever a slot, the JVM or a batch became available. */
  pump(): void {
    if (this.#jvm.failedStarts >= hopelessStarts) this.#giveUpWarm();
    for (;;) {
      const batch = this.#queue.take(({ request }) => this.#mayStart(request));
      if (batch === undefined) return;
      this.#running.add(batch);
      const jvm = batch.request.isolated ? undefined : this.#jvm.current;
      void this.#run(batch, jvm)
        .catch((error: unknown) =>
          this.#log.error({ err: error, batchId: batch.request.batchId }, 'a batch was lost'),
        )
        .then(() => this.#tidyUp(jvm))
        .finally(() => {
          this.#running.delete(batch);
          this.pump();
        });
    }
  }

  #mayStart({ master, isolated }: BatchRequest): boolean {
    const onCluster = [...this.#running].filter(({ request }) => request.master !== undefined).length;
    if (master !== undefined) return onCluster < clusterSlots;
    if (this.#running.size - onCluster >= this.#options.slots) return false;
    return isolated || (this.#jvm.current !== undefined && !this.#clearing);
  }

  async #run(batch: Live, jvm: Jvm | undefined): Promise<void> {
    const { request } = batch;
    const memoryKillsBefore = kernelMemoryKills();
    const jvmCpuBefore = cpuSeconds(jvm);
    const startedAt = new Date();
    const began = performance.now();
    const sparkFolder = path.join(this.#records.directory(request.batchId), 'spark');
    if (request.isolated) mkdirSync(eventLogFolder(sparkFolder), { recursive: true, mode: 0o700 });
    const eventLogs = jvm?.eventLogs ?? eventLogFolder(sparkFolder);
    const logged = endOfLog(eventLogs);
    let end: DriverEnd = { lost: true };
    let limit: NodeJS.Timeout | undefined;
    try {
      batch.driver = await this.#runners.start(this.#jobRequest(batch, jvm));
      const { identity, ended } = batch.driver;
      this.states.set(request.batchId, {
        state: batch.stopped ? 'CANCELLING' : 'RUNNING',
        startedAt: startedAt.toISOString(),
        ...(identity && { driver: identity }),
      });
      // A cancel that came while the process was starting found nothing to kill.
      if (batch.stopped && identity) await killTrees([identity]);
      limit = setTimeout(() => {
        this.#stop(batch, 'timed out').catch((error: unknown) =>
          this.#log.error({ err: error, batchId: request.batchId }, 'a batch could not be ended'),
        );
      }, request.timeoutMs);
      end = await ended;
    } catch (error) {
      this.#log.error({ batchId: request.batchId }, (error as Error).message);
    } finally {
      clearTimeout(limit);
      batch.environment = {};
    }
    await this.#clearAway(batch, jvm);
    const eventLog = await this.#keepEventLog(request.batchId, eventLogs, logged);
    rmSync(sparkFolder, { recursive: true, force: true });
    const outcome = this.#records.outcome(request.batchId);
    // A JVM that dies takes the job with it, and its own end may be seen a moment later than the job's.
    if (jvm && outcome?.status !== 'succeeded' && !(await jvm.answers(1_000))) await jvm.goneWithin(1_000);
    const record = this.#records.get(request.batchId);
    const seconds = (performance.now() - began) / 1000;
    if (record) {
      const jvmSeconds = jvm?.end === undefined ? cpuSeconds(jvm) - jvmCpuBefore : 0;
      // The job reports its own processes. The shared JVM is added here; the executors of a cluster are in the event log.
      const executorSeconds = request.master === undefined ? 0 : (eventLog?.cpuSeconds ?? 0);
      if (eventLog) record.eventLog = eventLog;
      record.usage = {
        seconds,
        cpuSeconds: rounded((outcome?.usage?.cpuSeconds ?? 0) + jvmSeconds + executorSeconds),
        peakMb: outcome?.usage?.peakMb ?? 0,
      };
      this.states.conclude(record, {
        driver: end,
        outcome,
        stopped: batch.stopped,
        jvm: jvm && this.#lost(jvm),
        kernelKilledForMemory: kernelMemoryKills() > memoryKillsBefore,
        lastWords: this.#records.lastWords(request.batchId),
        saidOutOfMemory: this.#records.ranOutOfMemory(request.batchId),
        timeoutMs: request.timeoutMs,
      });
    }
    this.#live.delete(request.batchId);
    batch.finish();
  }

  #jobRequest({ request, environment }: Live, jvm: Jvm | undefined): JobRequest {
    const directory = this.#records.directory(request.batchId);
    const {
      DATABASE_URL: databaseUrl = '',
      SEVENFOLD_FAILPOINTS: failpoints = this.#options.failpoints,
      ...others
    } = environment;
    return {
      batchId: request.batchId,
      attempt: request.fence.attempt,
      job: request.job,
      input: request.input,
      fence: { ...request.fence },
      directory,
      databaseUrl,
      ...(failpoints !== undefined && { failpoints }),
      ...(jvm
        ? { warm: { port: jvm.port, secret: jvm.secret }, environment: others }
        : {
            environment: {
              ...others,
              PYSPARK_SUBMIT_ARGS: asSubmitLine(this.#sparkParameters(directory, request)),
              // A cluster on other machines must find the driver: at the address that Spark chooses.
              ...(request.master !== undefined && !isLoopback(request.master) && { SPARK_LOCAL_IP: null }),
            },
          }),
    };
  }

  #sparkParameters(directory: string, request: BatchRequest): string[] {
    return this.#options.sparkParameters(path.join(directory, 'spark'), request);
  }

  /** The batch's part of Spark's event log, kept in its folder; never in the way of its verdict. */
  async #keepEventLog(
    batchId: string,
    folder: string,
    since: LogPosition,
  ): Promise<EventLogSummary | undefined> {
    try {
      const target = path.join(this.#records.directory(batchId), 'events.jsonl');
      if (!(await copyLogSince(folder, since, target))) return undefined;
      return await summariseEventLogFile(target, { jobGroup: batchId, cores: this.#options.cores });
    } catch (error) {
      this.#log.warn({ batchId }, `its event log was not read: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #stop(batch: Live, why: NonNullable<BatchEnd['stopped']>): Promise<void> {
    if (this.#queue.remove(batch)) {
      this.#live.delete(batch.request.batchId);
      this.states.set(batch.request.batchId, {
        state: 'CANCELLED',
        errorType: 'Cancelled',
        message: 'It was cancelled before it started.',
        finishedAt: new Date().toISOString(),
      });
      batch.finish();
      return;
    }
    if (batch.stopped === undefined) {
      batch.stopped = why;
      this.states.set(batch.request.batchId, { state: 'CANCELLING' });
      if (batch.driver?.identity) await killTrees([batch.driver.identity]);
    }
    await batch.done;
  }

  /** Nothing of the batch runs any more when this is done: no process, no Spark job. */
  async #clearAway(batch: Live, jvm: Jvm | undefined): Promise<void> {
    const { batchId } = batch.request;
    this.#records.closeRegistration(batchId);
    const identity = batch.driver?.identity;
    await killTrees([...(identity ? [identity] : []), ...this.#records.registered(batchId)]);
    if (jvm === undefined || jvm.end) return;
    if (!(await jvm.endJobsOf(batchId)) && !(await jvm.goneWithin(1_000))) {
      await this.#jvm.replace(jvm, 'hung', `the JVM did not end the Spark jobs of ${batchId}`);
    }
    await killTrees(this.#records.registered(batchId));
  }

  /** After a batch: when no other runs in the shared JVM, what they all left there goes. */
  async #tidyUp(jvm: Jvm | undefined): Promise<void> {
    const alone = [...this.#running].filter((batch) => !batch.request.isolated).length === 1;
    if (jvm && alone && jvm === this.#jvm.current && jvm !== this.#warmingUp) {
      this.#clearing = true;
      try {
        if (!(await jvm.clearUp()) && !(await jvm.goneWithin(1_000))) {
          await this.#jvm.replace(jvm, 'hung', 'the JVM could not be cleared up');
        }
        dropOldPieces(jvm.eventLogs);
        await this.#jvm.replaceIfGrown();
      } finally {
        this.#clearing = false;
      }
    }
    this.#prune();
  }

  #giveUpWarm(): void {
    const problem = `The shared JVM does not start: ${this.#jvm.problem}. See the log of part spark.`;
    for (let batch = this.#takeWarm(); batch; batch = this.#takeWarm()) {
      this.#live.delete(batch.request.batchId);
      this.states.set(batch.request.batchId, {
        state: 'FAILED',
        errorType: 'Infrastructure',
        message: problem,
        finishedAt: new Date().toISOString(),
      });
      batch.finish();
    }
  }

  #takeWarm(): Live | undefined {
    return this.#queue.take(({ request }) => !request.isolated);
  }

  #lost(jvm: Jvm): BatchEnd['jvm'] {
    if (jvm.end === undefined) return undefined;
    return { problem: this.#jvm.problem ?? 'it died', outOfMemory: jvm.diedOfMemory };
  }

  #prune(): void {
    if (Date.now() - this.#prunedAt < pruneEveryMs) return;
    this.#prunedAt = Date.now();
    this.#records.prune(keepDays, keepCount);
  }
}
