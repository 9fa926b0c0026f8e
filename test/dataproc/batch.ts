import { randomUUID } from 'node:crypto';
import type { Batch, Operation } from './api.ts';
import { codes, packed } from './api.ts';
import type { Filterable } from './filter.ts';
import type { Node } from './nodes.ts';
import { usageOf } from './nodes.ts';

export type State = 'PENDING' | 'RUNNING' | 'CANCELLING' | 'CANCELLED' | 'SUCCEEDED' | 'FAILED';

interface Period {
  state: State;
  since: Date;
  message: string;
}

/** A batch in the service's books. */
export class BatchRecord implements Filterable {
  readonly uuid = randomUUID();
  readonly createTime = new Date();
  readonly batchId: string;
  readonly name: string;
  readonly operationName: string;
  readonly given: Batch;
  /** Without the prefix under which the service shows them. */
  readonly properties: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly outputUri: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #nodes: readonly Node[];
  readonly #periods: Period[];
  readonly #cancel = new AbortController();
  #end!: () => void;

  constructor(
    parent: string,
    batchId: string,
    given: Batch,
    properties: Record<string, string>,
    nodes: Node[],
    outputBucket: string,
  ) {
    this.batchId = batchId;
    this.name = `${parent}/batches/${batchId}`;
    this.operationName = `${parent.replace('/locations/', '/regions/')}/operations/${randomUUID()}`;
    this.given = given;
    this.properties = properties;
    this.labels = given.labels ?? {};
    this.outputUri = `gs://${outputBucket}/google-cloud-dataproc-metainfo/${randomUUID()}/jobs/srvls-batch-${this.uuid}/driveroutput`;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#nodes = nodes;
    this.#periods = [{ state: 'PENDING', since: this.createTime, message: '' }];
  }

  get state(): State {
    return this.#now.state;
  }

  get hasEnded(): boolean {
    return ['CANCELLED', 'SUCCEEDED', 'FAILED'].includes(this.state);
  }

  /** Aborted when it is to end before its time; the reason is what is said of it then. */
  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  enter(state: State, message = ''): void {
    if (this.hasEnded) throw new Error(`${this.batchId} has ended as ${this.state} and cannot be ${state}`);
    this.#periods.push({ state, since: new Date(), message });
    if (this.hasEnded) this.#end();
  }

  cancel(why: string): void {
    if (this.hasEnded || this.cancelled.aborted) return;
    this.enter('CANCELLING');
    this.#cancel.abort(why);
  }

  describe(): Batch {
    const { state, since, message } = this.#now;
    const ran = this.#periods.find((period) => period.state === 'RUNNING');
    return {
      ...this.given,
      name: this.name,
      uuid: this.uuid,
      createTime: timestamp(this.createTime),
      creator: 'emulator@loopback',
      state,
      stateTime: timestamp(since),
      stateMessage: message,
      operation: this.operationName,
      runtimeConfig: {
        ...this.given.runtimeConfig,
        // So does the real one: they are Spark's, and could be another component's.
        properties: Object.fromEntries(
          Object.entries(this.properties).map(([name, value]) => [`spark:${name}`, value]),
        ),
      },
      runtimeInfo: {
        ...(ran !== undefined && { outputUri: this.outputUri }),
        ...(ran !== undefined &&
          this.hasEnded && {
            approximateUsage: usageOf(this.#nodes, (since.getTime() - ran.since.getTime()) / 1000),
          }),
      },
      // The past alone: what it is now stands above.
      stateHistory: this.#periods.slice(0, -1).map((period) => ({
        state: period.state,
        stateStartTime: timestamp(period.since),
        stateMessage: period.message,
      })),
    };
  }

  operation(): Operation {
    const { state, since, message } = this.#now;
    const metadata = {
      batch: this.name,
      batchUuid: this.uuid,
      createTime: timestamp(this.createTime),
      ...(this.hasEnded && { doneTime: timestamp(since) }),
      operationType: 'BATCH',
      description: 'Batch',
      labels: this.labels,
    };
    return {
      name: this.operationName,
      metadata: packed('google.cloud.dataproc.v1.BatchOperationMetadata', metadata),
      done: this.hasEnded,
      ...(state === 'SUCCEEDED' && { response: packed('google.cloud.dataproc.v1.Batch', this.describe()) }),
      ...(state === 'FAILED' && { error: { code: codes.ABORTED, message } }),
      ...(state === 'CANCELLED' && { error: { code: codes.CANCELLED, message: message || 'Cancelled' } }),
    };
  }

  get #now(): Period {
    return this.#periods.at(-1)!;
  }
}

function timestamp(time: Date) {
  const ms = time.getTime();
  return { seconds: String(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}
