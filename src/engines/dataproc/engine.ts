import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failures.ts';
import { batchState } from '../../planning/batch-state.ts';
import { jarsFor } from '../../planning/job-needs.ts';
import { checkRuntime } from '../../planning/spark-properties.ts';
import { isTerminal } from '../engine.ts';
import type { BatchObservation, BatchRequest, Engine, Outcome } from '../engine.ts';
import { summariseEventLog } from '../event-log.ts';
import type { EventLogSummary } from '../event-log.ts';
import { Bucket } from './bucket.ts';
import { openClient } from './client.ts';
import type { BatchClient, ServiceBatch } from './client.ts';
import { remoteOf, startOf, timeOf } from './description.ts';
import { codeOf, grpcCodes, serviceFailure } from './errors.ts';
import { judgeRemote } from './judge.ts';
import type { DataprocOptions } from './options.ts';
import { readOutput } from './output.ts';
import { requestIdOf } from './request-id.ts';
import { describeBatch } from './request.ts';
import { Staging } from './staging.ts';

const usualCallTimeoutMs = 10_000;
/** The service takes a while to end a batch; who cancels wants to see it gone. */
const cancelPatienceMs = 8 * 60_000;
const mostEventLogBytes = 64 * 2 ** 20;
const mostOutput = 64 * 1024;

/** What is remembered between two looks: only how often to look. The batch itself is the service's. */
interface Pace {
  last: BatchObservation;
  waitMs: number;
  nextAt: number;
}

/**
 * Batches on Dataproc Serverless. Throws, before anything is sent, where the client cannot be set up: that is the one
 * moment at which another engine may take its place.
 */
export async function createDataprocEngine(options: DataprocOptions): Promise<Engine> {
  const client = await openClient({
    region: options.region,
    ...(options.emulator && { emulator: options.emulator }),
  });
  return new DataprocEngine(options, client);
}

class DataprocEngine implements Engine {
  readonly name = 'dataproc';
  /** Two hundred watchers at five seconds are forty looks a second, and a heartbeat has to come every ten. */
  readonly lookMs = 5_000;
  readonly #options: DataprocOptions;
  readonly #client: BatchClient;
  readonly #staging: Staging;
  readonly #results: Bucket;
  readonly #paces = new Map<string, Pace>();

  constructor(options: DataprocOptions, client: BatchClient) {
    this.#options = options;
    this.#client = client;
    this.#results = this.#bucket(options.resultsBucket);
    this.#staging = new Staging(options, this.#bucket(options.tempBucket), this.#results);
  }

  #bucket(name: string): Bucket {
    const { projectId, storageEndpoint: endpoint } = this.#options;
    return new Bucket({ projectId, name, ...(endpoint !== undefined && { endpoint }) });
  }

  get #parent(): string {
    return `projects/${this.#options.projectId}/locations/${this.#options.region}`;
  }

  get #patience(): { timeout: number } {
    return { timeout: this.#options.callTimeoutMs ?? usualCallTimeoutMs };
  }

  async look(batchId: string): Promise<BatchObservation | undefined> {
    const found = await this.#get(batchId);
    return found && this.#observe(batchId, found);
  }

  /** Jars of the other Scala cannot be loaded there. */
  check({ job }: BatchRequest): void {
    const { runtimeVersion, jars } = this.#options;
    checkRuntime(
      runtimeVersion,
      jarsFor(job, jars).map((jar) => path.basename(jar)),
    );
  }

  async create(request: BatchRequest): Promise<BatchObservation> {
    const { batchId } = request;
    this.check(request);
    const around = await this.#staging.stage(request);
    try {
      await this.#client.createBatch(
        {
          parent: this.#parent,
          batchId,
          requestId: requestIdOf(batchId),
          batch: describeBatch(request, around),
        },
        this.#patience,
      );
    } catch (error) {
      // Sent before by somebody: whose it is, the caller sees by its labels.
      if (codeOf(error) !== grpcCodes.alreadyExists) throw serviceFailure(error, `take batch ${batchId}`);
    }
    const seen = await this.look(batchId);
    if (seen === undefined) {
      throw new Failure('Infrastructure', `Dataproc took batch ${batchId} but does not know it yet.`);
    }
    return seen;
  }

  async lookForChange(
    batchId: string,
    than: BatchObservation['state'] | undefined,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<BatchObservation | undefined> {
    const until = performance.now() + waitMs;
    for (;;) {
      const pace = this.#paces.get(batchId);
      if (pace !== undefined && pace.last.state !== than) return pace.last;
      const at = Math.min(until, pace?.nextAt ?? 0);
      try {
        if (at > performance.now()) await sleep(at - performance.now(), undefined, signal && { signal });
      } catch {
        return this.#paces.get(batchId)?.last; // the wait was given up
      }
      if ((this.#paces.get(batchId)?.nextAt ?? 0) > performance.now()) return this.#paces.get(batchId)?.last;
      const seen = await this.look(batchId);
      if (seen === undefined || seen.state !== than || performance.now() >= until) return seen;
    }
  }

  async cancel(batchId: string): Promise<BatchObservation | undefined> {
    const { pollMs } = this.#options;
    const giveUpAt = performance.now() + cancelPatienceMs;
    for (let asked = false; ; await sleep(Math.min(2_000, pollMs?.first ?? 2_000))) {
      const found = await this.#get(batchId);
      if (found === undefined) return undefined;
      const seen = await this.#observe(batchId, found);
      if (isTerminal(seen.state)) return seen;
      if (!asked && seen.state !== 'CANCELLING') {
        await this.#cancelOperation(found);
        asked = true;
      }
      if (performance.now() > giveUpAt) {
        throw new Failure('Infrastructure', `Dataproc has not ended batch ${batchId}, which was cancelled.`);
      }
    }
  }

  async listOpen(): Promise<BatchObservation[]> {
    try {
      const [batches] = await this.#client.listBatches(
        { parent: this.#parent, filter: 'state = PENDING OR state = RUNNING OR state = CANCELLING' },
        { timeout: 60_000 },
      );
      const ours = batches.filter(({ labels }) => labels?.['managed-by'] === 'sevenfold');
      return await Promise.all(ours.map((batch) => this.#observe(batch.name!.split('/').at(-1)!, batch)));
    } catch (error) {
      throw serviceFailure(error, 'list its batches');
    }
  }

  async keepRecord(batchId: string, record: object): Promise<void> {
    await this.#results.write(`jobs/${batchId}/status.json`, JSON.stringify(record, null, 2));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #get(batchId: string): Promise<ServiceBatch | undefined> {
    try {
      const name = `${this.#parent}/batches/${batchId}`;
      const [batch] = await this.#client.getBatch({ name }, this.#patience);
      return batch;
    } catch (error) {
      if (codeOf(error) === grpcCodes.notFound) {
        this.#paces.delete(batchId);
        return undefined;
      }
      throw serviceFailure(error, `describe batch ${batchId}`);
    }
  }

  async #cancelOperation({ name, operation }: ServiceBatch): Promise<void> {
    try {
      await this.#client.operationsClient.cancelOperation({ name: operation! } as never, this.#patience);
    } catch (error) {
      // It ended in this moment: what it ended as is seen by the next look.
      if (codeOf(error) === grpcCodes.failedPrecondition || codeOf(error) === grpcCodes.notFound) return;
      throw serviceFailure(error, `cancel ${name}`);
    }
  }

  async #observe(batchId: string, batch: ServiceBatch): Promise<BatchObservation> {
    let state = batchState(String(batch.state));
    const startedAt = startOf(batch);
    const finishedAt = isTerminal(state) ? timeOf(batch.stateTime) : undefined;
    const limitMs = Number(batch.labels?.['time-limit-s'] ?? Number.POSITIVE_INFINITY) * 1000;
    const ranMs = startedAt === undefined ? 0 : (finishedAt?.getTime() ?? Date.now()) - startedAt.getTime();
    if (state === 'RUNNING' && ranMs > limitMs) {
      await this.#cancelOperation(batch);
      state = 'CANCELLING';
    }
    const seen: BatchObservation = {
      batchId,
      state,
      labels: { ...batch.labels },
      ...(startedAt && { startedAt: startedAt.toISOString() }),
      ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
      remote: remoteOf(batch),
    };
    if (isTerminal(state)) {
      const outcome = await this.#outcome(batchId);
      const output = state === 'FAILED' ? await this.#output(batch) : '';
      const message = batch.stateMessage ?? '';
      Object.assign(seen, judgeRemote({ state, message, output, outcome, limitMs, ranMs }));
      const used = outcome?.usage;
      const eventLog = await this.#eventLog(batchId);
      if (eventLog) seen.eventLog = eventLog;
      seen.usage = {
        seconds: ranMs / 1000,
        // The job reports its Python processes, including those of its tasks; only the event log has the executors' JVMs.
        cpuSeconds: (used?.cpuSeconds ?? 0) + (eventLog?.cpuSeconds ?? 0),
        peakMb: used?.peakMb ?? 0,
      };
    }
    this.#keepPace(seen);
    return seen;
  }

  /**
   * Often at first and after every change, seldom when nothing happens: an end is seen after a tenth of the time that the
   * batch took.
   */
  #keepPace(seen: BatchObservation): void {
    if (isTerminal(seen.state)) {
      this.#paces.delete(seen.batchId);
      return;
    }
    const { first, longest } = this.#options.pollMs ?? { first: 2_000, longest: 30_000 };
    const before = this.#paces.get(seen.batchId);
    const waitMs = before?.last.state === seen.state ? Math.min(longest, before.waitMs * 1.1) : first;
    this.#paces.set(seen.batchId, { last: seen, waitMs, nextAt: performance.now() + waitMs });
  }

  async #outcome(batchId: string): Promise<Outcome | undefined> {
    const text = await this.#results.read(`jobs/${batchId}/results/outcome.json`);
    return text && (JSON.parse(text.toString('utf8')) as Outcome);
  }

  /** The end of what the driver printed; nothing where it cannot be read. */
  async #output(batch: ServiceBatch): Promise<string> {
    const outputUri = batch.runtimeInfo?.outputUri ?? '';
    try {
      const output = await readOutput((name) => this.#bucket(name), outputUri, 'last');
      return output?.slice(-mostOutput) ?? '';
    } catch {
      return '';
    }
  }

  /** Never in the way of a verdict: a log that cannot be read is none. */
  async #eventLog(batchId: string): Promise<EventLogSummary | undefined> {
    try {
      const names = await this.#results.list(`jobs/${batchId}/events/`);
      const log = names.find((name) => !name.endsWith('/') && !name.endsWith('.inprogress'));
      const content = log === undefined ? undefined : await this.#results.read(log);
      if (content === undefined || content.length > mostEventLogBytes) return undefined;
      return await summariseEventLog(linesOf(content.toString('utf8')));
    } catch {
      return undefined;
    }
  }
}

async function* linesOf(text: string): AsyncIterable<string> {
  yield* text.split('\n');
}
