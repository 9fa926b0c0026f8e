import * as grpc from '@grpc/grpc-js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, CreateBatchRequest, ListBatchesRequest, Operation } from './api.ts';
import { addService, codes, Refusal } from './api.ts';
import { BatchRecord } from './batch.ts';
import { checkCreate, ttlOf, wrongScala } from './checks.ts';
import type { Cloud } from './cloud.ts';
import { startCloud } from './cloud.ts';
import { Driver, localise } from './driver.ts';
import type { DriverOptions } from './driver.ts';
import { Faults } from './faults.ts';
import { parseFilter } from './filter.ts';
import { Objects } from './objects.ts';
import { Slots } from './slots.ts';

/** For load only: nothing is run, the states are walked through on a timer. */
export interface TimedJobs {
  runningMs: number;
  /** What the job would have left behind, for example its outcome; the batch fails with what it throws. */
  work?: (batch: Batch, objects: Objects) => Promise<void>;
}

export interface DataprocServiceOptions {
  python: string;
  javaHome: string;
  /** Endpoint of the object store (test/support/object-store.ts). */
  objectStore: string;
  /** Without it Spark knows no gs://. */
  connectorJar?: string;
  /** What the secret holds. The driver has no other way to it. */
  databaseUrl?: string;
  projectId?: string;
  region?: string;
  /** Where output goes when a batch names no staging bucket; made by the caller. */
  bucket?: string;
  /** `local[2]` */
  master?: string;
  /** Memory of the driver's JVM, whatever the batch asks for. */
  driverMemory?: string;
  /** Folder of named failure points, for the drivers. */
  failpoints?: string;
  /** How long a batch is PENDING at the least. The real service takes a minute. */
  pendingMs?: number;
  /** How many drivers may run at once; the others wait as PENDING. */
  slots?: number;
  /** A ttl of 600 s ends after 600 x this. */
  ttlScale?: number;
  /** What a failed batch says: the last lines of its output, or, as the real service often does, only where that lies. */
  failureMessage?: 'output' | 'address';
  jobs?: 'processes' | TimedJobs;
}

/** A driver that was started. */
export interface StartedDriver {
  batchId: string;
  pid: number;
  startedAt: Date;
  endedAt?: Date;
  exitCode?: number | null;
}

interface Ending {
  state: 'SUCCEEDED' | 'FAILED';
  message: string;
}

const host = '127.0.0.1';

/** Dataproc Serverless on loopback: speaks the Batch API and really runs the batches, on this machine. */
export async function startDataproc(options: DataprocServiceOptions): Promise<DataprocService> {
  const service = new DataprocService(options);
  await service.start();
  return service;
}

export class DataprocService {
  readonly host = host;
  readonly faults = new Faults();
  /** In the order of their starts; who counts them knows whether a batch ran twice. */
  readonly started: StartedDriver[] = [];
  readonly projectId: string;
  readonly region: string;
  /** The name of the secret that holds the database's address. */
  readonly databaseSecret: string;
  /** Address of the metadata server and the secrets. */
  cloudAddress = '';
  port = 0;
  readonly #options: DataprocServiceOptions;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-dataproc-'));
  readonly #objects: Objects;
  readonly #slots: Slots;
  readonly #server = new grpc.Server();
  readonly #batches = new Map<string, BatchRecord>();
  readonly #operations = new Map<string, BatchRecord>();
  readonly #requests = new Map<string, BatchRecord>();
  readonly #running = new Set<Promise<void>>();
  readonly #secrets: Record<string, string> = {};
  #cloud: Cloud | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: DataprocServiceOptions) {
    this.#options = options;
    this.projectId = options.projectId ?? 'sevenfold-emulated';
    this.region = options.region ?? 'us-central1';
    this.databaseSecret = `projects/${this.projectId}/secrets/sevenfold-database/versions/latest`;
    this.#objects = new Objects(options.objectStore, path.join(this.#folder, 'objects'));
    this.#slots = new Slots(options.slots ?? 4);
  }

  /** What the secret holds from now on. */
  keepSecret(databaseUrl: string): void {
    this.#secrets[this.databaseSecret] = databaseUrl;
  }

  /** What a worker has to know to send its batches here. */
  get environment(): Record<string, string> {
    const bucket = this.#options.bucket;
    return {
      ENABLE_DATAPROC_SERVERLESS: 'true',
      GCP_PROJECT_ID: this.projectId,
      GCP_REGION: this.region,
      DATAPROC_API_ENDPOINT: host,
      DATAPROC_API_PORT: String(this.port),
      DATAPROC_INSECURE: 'true',
      ...(bucket !== undefined && { GCP_TEMP_BUCKET: bucket, GCP_RESULTS_BUCKET: bucket }),
      STORAGE_EMULATOR_HOST: `${this.#options.objectStore}/storage/v1`,
      SECRET_MANAGER_ENDPOINT: `http://${this.cloudAddress}`,
      SEVENFOLD_DATABASE_SECRET: this.databaseSecret,
    };
  }

  async start(): Promise<void> {
    const { databaseUrl } = this.#options;
    if (databaseUrl !== undefined) this.keepSecret(databaseUrl);
    this.#cloud = await startCloud({
      projectId: this.projectId,
      secrets: this.#secrets,
      faults: this.faults,
    });
    this.cloudAddress = this.#cloud.address;
    const answering = (method: string, work: () => object | Promise<object>): Promise<object> =>
      this.faults.answer(method, work);
    addService(this.#server, 'google.cloud.dataproc.v1.BatchController', this.#batchMethods(), answering);
    addService(this.#server, 'google.longrunning.Operations', this.#operationMethods(), answering);
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${host}:0`, grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  /** Ends all that it started and answers when it is gone. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#server.forceShutdown();
    for (const batch of this.#batches.values()) batch.cancel('The service was stopped');
    await Promise.all(this.#running);
    await this.#cloud?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #batchMethods() {
    return {
      CreateBatch: (request: CreateBatchRequest): Operation => {
        const checked = checkCreate(request);
        const before = checked.requestId && this.#requests.get(checked.requestId);
        if (before) return before.operation();
        const { parent, batchId, batch: given, properties, nodes } = checked;
        const name = `${parent}/batches/${batchId}`;
        if (this.#batches.has(name)) {
          throw new Refusal(codes.ALREADY_EXISTS, `Already exists: Batch ${name}`);
        }
        const bucket =
          given.environmentConfig?.executionConfig?.stagingBucket ?? this.#options.bucket ?? 'staging';
        const batch = new BatchRecord(parent, batchId, given, properties, nodes, bucket);
        this.#batches.set(name, batch);
        this.#operations.set(batch.operationName, batch);
        if (checked.requestId) this.#requests.set(checked.requestId, batch);
        const run = this.#run(batch).finally(() => this.#running.delete(run));
        this.#running.add(run);
        return batch.operation();
      },
      GetBatch: ({ name }: { name: string }): Batch => this.#batch(name).describe(),
      ListBatches: (request: ListBatchesRequest) => {
        if (request.orderBy && request.orderBy !== 'create_time desc' && request.orderBy !== 'create_time') {
          throw new Refusal(codes.INVALID_ARGUMENT, `Unsupported order: ${request.orderBy}`);
        }
        const matches = parseFilter(request.filter ?? '');
        const found = [...this.#batches.values()].filter(
          (batch) => batch.name.startsWith(`${request.parent}/batches/`) && matches(batch),
        );
        if (request.orderBy?.endsWith(' desc')) found.reverse();
        const { items, nextPageToken } = page(found, request, 20, 1_000);
        return { batches: items.map((batch) => batch.describe()), nextPageToken };
      },
      DeleteBatch: ({ name }: { name: string }) => {
        const batch = this.#batch(name);
        if (!batch.hasEnded) {
          throw new Refusal(codes.FAILED_PRECONDITION, `Batch ${name} is ${batch.state}: cancel it first`);
        }
        this.#batches.delete(name);
        return {};
      },
    };
  }

  #operationMethods() {
    return {
      GetOperation: ({ name }: { name: string }): Operation => this.#operation(name).operation(),
      ListOperations: (request: {
        name?: string;
        filter?: string;
        pageSize?: number;
        pageToken?: string;
      }) => {
        if (request.filter) throw new Refusal(codes.UNIMPLEMENTED, 'The emulator filters no operations');
        const found = [...this.#operations.values()].filter(({ operationName }) =>
          operationName.startsWith(request.name ?? ''),
        );
        const { items, nextPageToken } = page(found, request, 100, 1_000);
        return { operations: items.map((batch) => batch.operation()), nextPageToken };
      },
      CancelOperation: ({ name }: { name: string }) => {
        const batch = this.#operation(name);
        if (batch.hasEnded) {
          throw new Refusal(codes.FAILED_PRECONDITION, `Operation ${name} has ended already`);
        }
        batch.cancel('Batch was cancelled by a request');
        return {};
      },
      DeleteOperation: ({ name }: { name: string }) => {
        this.#operation(name);
        this.#operations.delete(name);
        return {};
      },
      WaitOperation: async (request: { name: string; timeout?: { seconds?: string; nanos?: number } }) => {
        const batch = this.#operation(request.name);
        const ms = Number(request.timeout?.seconds ?? 30) * 1000 + (request.timeout?.nanos ?? 0) / 1e6;
        await Promise.race([batch.ended, sleep(ms, undefined, { ref: false })]);
        return batch.operation();
      },
    };
  }

  /** By full name only: a bare id names nothing. */
  #batch(name: string): BatchRecord {
    const batch = this.#batches.get(name);
    if (batch === undefined) throw new Refusal(codes.NOT_FOUND, `Not found: Batch ${name}`);
    return batch;
  }

  #operation(name: string): BatchRecord {
    const batch = this.#operations.get(name);
    if (batch === undefined) throw new Refusal(codes.NOT_FOUND, `Not found: Operation ${name}`);
    return batch;
  }

  /** A batch's life. Never throws: whatever goes wrong is how the batch ended. */
  async #run(batch: BatchRecord): Promise<void> {
    const { pendingMs = 200, ttlScale = 1, jobs = 'processes' } = this.#options;
    let ttl: NodeJS.Timeout | undefined;
    let ending: Ending;
    try {
      await sleep(pendingMs, undefined, { signal: batch.cancelled });
      const work = jobs === 'processes' ? this.#process(batch) : this.#timed(batch, jobs);
      ending = await work(() => {
        batch.cancelled.throwIfAborted();
        batch.enter('RUNNING');
        const ttlMs = ttlOf(batch.given) * 1000 * ttlScale;
        if (ttlMs < 2 ** 31)
          ttl = setTimeout(() => batch.cancel('Batch was CANCELLED as ttl exceeded'), ttlMs);
      });
    } catch (error) {
      ending = { state: 'FAILED', message: (error as Error).message };
    }
    clearTimeout(ttl);
    if (batch.cancelled.aborted) batch.enter('CANCELLED', String(batch.cancelled.reason));
    else batch.enter(ending.state, ending.message);
  }

  #process(batch: BatchRecord) {
    return async (running: () => void): Promise<Ending> => {
      const files = await localise(batch, this.#objects);
      const free = await this.#slots.take(batch.cancelled);
      try {
        running();
        const complaint = wrongScala(batch.given, batch.properties['spark.jars.packages'] ?? '');
        if (complaint !== undefined) return await this.#failed(batch, complaint);
        const folder = path.join(this.#folder, 'drivers', batch.uuid);
        const driver = Driver.start(batch, files, folder, this.#driverOptions);
        const entry: StartedDriver = { batchId: batch.batchId, pid: driver.pid, startedAt: new Date() };
        this.started.push(entry);
        const kill = (): void => void driver.kill().catch(() => undefined);
        if (batch.cancelled.aborted) kill();
        else batch.cancelled.addEventListener('abort', kill, { once: true });
        const { code, signal, output } = await driver.ended;
        Object.assign(entry, { endedAt: new Date(), exitCode: code });
        if (code !== 0) return await this.#failed(batch, output, signal ?? code);
        await this.#keepOutput(batch, output);
        return { state: 'SUCCEEDED', message: '' };
      } finally {
        free();
      }
    };
  }

  #timed(batch: BatchRecord, { runningMs, work }: TimedJobs) {
    return async (running: () => void): Promise<Ending> => {
      running();
      await sleep(runningMs, undefined, { signal: batch.cancelled });
      await work?.(batch.describe(), this.#objects);
      return { state: 'SUCCEEDED', message: '' };
    };
  }

  async #failed(batch: BatchRecord, output: string, how: string | number | null = 1): Promise<Ending> {
    await this.#keepOutput(batch, output);
    const first =
      typeof how === 'string'
        ? `The driver was killed by signal ${how}.`
        : `The driver ended with exit code ${how}.`;
    const message =
      this.#options.failureMessage === 'address'
        ? `Google Cloud Dataproc Agent reports job failure. If logs are available, they can be found at:\n${batch.outputUri}.*`
        : `${first}\n${lastLines(output)}`.trim();
    return { state: 'FAILED', message };
  }

  async #keepOutput(batch: BatchRecord, output: string): Promise<void> {
    await this.#objects.write(`${batch.outputUri}.000000000`, output);
  }

  get #driverOptions(): DriverOptions {
    const { python, javaHome, objectStore, connectorJar, master, driverMemory, failpoints } = this.#options;
    return {
      ...{ python, javaHome, objectStore, connectorJar, failpoints },
      cloud: this.cloudAddress,
      master: master ?? 'local[2]',
      driverMemory: driverMemory ?? '1g',
    };
  }
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-20).join('\n').slice(-3_000);
}

/** A token is the number of what was given before. */
function page<Item>(
  all: Item[],
  { pageSize, pageToken }: { pageSize?: number | null; pageToken?: string | null },
  usual: number,
  most: number,
): { items: Item[]; nextPageToken: string } {
  const first = Number(pageToken || 0);
  const size = Math.min(most, pageSize || usual);
  return {
    items: all.slice(first, first + size),
    nextPageToken: first + size < all.length ? String(first + size) : '',
  };
}
