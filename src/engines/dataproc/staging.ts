import path from 'node:path';
import { jarsFor, needsOf } from '../../planning/job-needs.ts';
import { memoryMetrics, planProperties } from '../../planning/spark-properties.ts';
import { packCode } from '../code-package.ts';
import type { CodePackage } from '../code-package.ts';
import type { BatchRequest } from '../engine.ts';
import type { Bucket } from './bucket.ts';
import type { DataprocOptions } from './options.ts';
import type { BatchSurroundings } from './request.ts';

/** Puts into the buckets what batches read: code, jars and input once each, requests by batch. */
export class Staging {
  readonly #options: DataprocOptions;
  readonly #temp: Bucket;
  readonly #results: Bucket;
  readonly #jars = new Map<string, Promise<string>>();
  #code: Promise<{ entry: string; code: string }> | undefined;

  constructor(options: DataprocOptions, temp: Bucket, results: Bucket) {
    this.#options = options;
    this.#temp = temp;
    this.#results = results;
  }

  /** Puts into the buckets what the batch will read. Safe to repeat. */
  async stage(request: BatchRequest): Promise<BatchSurroundings> {
    const { batchId, job } = request;
    const options = this.#options;
    const folder = `jobs/${batchId}`;
    const [{ entry, code }, jars, input] = await Promise.all([
      this.#codeUploaded(),
      Promise.all(jarsFor(job, options.jars).map((jar) => this.#jarUploaded(jar))),
      this.#uploadInput(request),
    ]);
    // Without it Spark finds no folder for its event log.
    await this.#results.write(`${folder}/events/`, '');
    await this.#temp.write(`${folder}/request.json`, JSON.stringify({ ...request, input }));
    return {
      runtimeVersion: options.runtimeVersion,
      containerImage: options.containerImage,
      serviceAccount: options.serviceAccount,
      subnetwork: options.subnetwork,
      stagingBucket: options.tempBucket,
      entry,
      code,
      jars,
      request: this.#temp.uri(`${folder}/request.json`),
      results: this.#results.uri(`${folder}/results/`),
      properties: this.#properties(request, this.#results.uri(`${folder}/events`)),
    };
  }

  #properties({ job, resources }: BatchRequest, events: string): Record<string, string> {
    const { minExecutors: min, maxExecutors: max, databaseSecret } = this.#options;
    const variables = { OPENBLAS_NUM_THREADS: '1', PYTHONHASHSEED: '0', PYTHONUNBUFFERED: '1' };
    const everywhere = Object.entries(variables).flatMap(([name, value]) => [
      [`spark.dataproc.driverEnv.${name}`, value],
      [`spark.executorEnv.${name}`, value],
    ]);
    return {
      ...planProperties(resources, { barrier: needsOf(job).barrier, min, max }),
      ...(Object.fromEntries(everywhere) as Record<string, string>),
      ...(databaseSecret !== undefined && {
        'spark.dataproc.driverEnv.SEVENFOLD_DATABASE_SECRET': databaseSecret,
      }),
      // After an OutOfMemoryError no thread can be trusted, and only an end is seen from outside.
      'spark.driver.extraJavaOptions': '-XX:+ExitOnOutOfMemoryError',
      'spark.sql.session.timeZone': 'UTC',
      'spark.sql.execution.arrow.pyspark.enabled': 'true',
      ...this.#options.sparkProperties,
      ...memoryMetrics,
      'spark.eventLog.enabled': 'true',
      'spark.eventLog.dir': events,
    };
  }

  /** Files that the job reads lie on this machine: it gets a copy, and a request that names the copy. */
  async #uploadInput({ batchId, input }: BatchRequest): Promise<Record<string, unknown>> {
    const local = input['path'];
    if (typeof local !== 'string' || !path.isAbsolute(local)) return input;
    return { ...input, path: await this.#temp.upload(local, `jobs/${batchId}/data`) };
  }

  #codeUploaded(): Promise<{ entry: string; code: string }> {
    this.#code ??= this.#uploadCode(packCode(this.#options.codeFolders)).catch((error: unknown) => {
      this.#code = undefined;
      throw error;
    });
    return this.#code;
  }

  async #uploadCode(code: CodePackage): Promise<{ entry: string; code: string }> {
    const folder = `code/${code.hash}`;
    await this.#temp.writeIfAbsent(`${folder}/jobs.zip`, () => code.zip);
    await this.#temp.writeIfAbsent(`${folder}/run_batch.py`, () => code.entry);
    return { entry: this.#temp.uri(`${folder}/run_batch.py`), code: this.#temp.uri(`${folder}/jobs.zip`) };
  }

  #jarUploaded(jar: string): Promise<string> {
    const known = this.#jars.get(jar);
    if (known !== undefined) return known;
    const upload = this.#temp.uploadByContent(jar, 'jars').catch((error: unknown) => {
      this.#jars.delete(jar);
      throw error;
    });
    this.#jars.set(jar, upload);
    return upload;
  }
}
