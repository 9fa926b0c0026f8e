import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { asSubmitLine } from '../../src/engines/local/spark-arguments.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { identify, killTrees, processesMarked, waitUntilGone } from '../../src/stack/processes.ts';
import type { BatchRecord } from './batch.ts';
import type { Objects } from './objects.ts';

export interface DriverOptions {
  python: string;
  javaHome: string;
  /** Endpoint of the object store. */
  objectStore: string;
  connectorJar: string | undefined;
  /** `127.0.0.1:port` of the metadata server and of the secrets. */
  cloud: string;
  master: string;
  driverMemory: string;
  failpoints: string | undefined;
}

export interface DriverEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

/** By which all that a driver leaves behind is found, also what lost its parent. */
const mark = 'SEVENFOLD_EMULATED_BATCH';
const graceMs = 10_000;

/** The files of a batch on this machine. */
export interface LocalFiles {
  main: string;
  python: string[];
  jars: string[];
  others: string[];
}

export async function localise({ given }: BatchRecord, objects: Objects): Promise<LocalFiles> {
  const job = given.pysparkBatch!;
  const all = (uris: string[] | null | undefined): Promise<string[]> =>
    Promise.all((uris ?? []).map((uri) => objects.localise(uri)));
  const [main, python, jars, others] = await Promise.all([
    objects.localise(job.mainPythonFileUri!),
    all(job.pythonFileUris),
    all(job.jarFileUris),
    all(job.fileUris),
  ]);
  return { main, python, jars, others };
}

/** The process of a batch: `python main.py`, because spark-submit would wait for ever for a thread of SynapseML's. */
export class Driver {
  readonly pid: number;
  readonly ended: Promise<DriverEnd>;
  readonly #identity: ProcessIdentity | undefined;
  readonly #uuid: string;

  private constructor(
    pid: number,
    identity: ProcessIdentity | undefined,
    uuid: string,
    ended: Promise<DriverEnd>,
  ) {
    this.pid = pid;
    this.#identity = identity;
    this.#uuid = uuid;
    this.ended = ended;
  }

  static start(batch: BatchRecord, files: LocalFiles, folder: string, options: DriverOptions): Driver {
    mkdirSync(path.join(folder, 'tmp'), { recursive: true, mode: 0o700 });
    for (const file of files.others) copyFileSync(file, path.join(folder, path.basename(file)));
    const outputFile = path.join(folder, 'driveroutput');
    const output = openSync(outputFile, 'a', 0o600);
    const child = spawn(options.python, [files.main, ...(batch.given.pysparkBatch!.args ?? [])], {
      detached: true, // a group of its own: Ctrl-C in a terminal is for the service
      cwd: folder,
      stdio: ['ignore', output, output],
      env: environmentOf(batch, files, folder, options),
    });
    closeSync(output);
    const ended = new Promise<Omit<DriverEnd, 'output'>>((resolve) => {
      child.once('error', () => resolve({ code: 127, signal: null }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    }).then(async (end) => {
      // The JVM sees that its Python is gone and ends its session by itself: only then the event log is whole.
      await waitUntilGone(markedBy(batch.uuid), graceMs);
      await killTrees(markedBy(batch.uuid));
      const text = readFileSync(outputFile, 'utf8');
      rmSync(folder, { recursive: true, force: true });
      return { ...end, output: text };
    });
    const pid = child.pid ?? 0;
    return new Driver(pid, identify(pid), batch.uuid, ended);
  }

  /** Answers when it and all its processes are gone. */
  async kill(): Promise<void> {
    await killTrees([...(this.#identity ? [this.#identity] : []), ...markedBy(this.#uuid)]);
    await this.ended;
  }
}

function markedBy(uuid: string): ProcessIdentity[] {
  return processesMarked(mark, (value) => value === uuid);
}

/** Nothing of the service's own environment but what a bare machine has: a secret that is not asked for is not there. */
function environmentOf(
  batch: BatchRecord,
  files: LocalFiles,
  folder: string,
  options: DriverOptions,
): NodeJS.ProcessEnv {
  const ofTests = ['SEVENFOLD_TEST_RUN', 'SEVENFOLD_TEST_FILE', 'SPARK_SUBMIT_OPTS', 'SPARK_LAUNCHER_OPTS'];
  const inherited = ['PATH', 'LANG', 'LC_ALL', ...ofTests].filter((name) => name in process.env);
  const prefix = 'spark.dataproc.driverEnv.';
  const asked = Object.entries(batch.properties).filter(([name]) => name.startsWith(prefix));
  return {
    ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    ...Object.fromEntries(asked.map(([name, value]) => [name.slice(prefix.length), value])),
    HOME: folder,
    TMPDIR: path.join(folder, 'tmp'),
    TZ: 'UTC',
    JAVA_HOME: options.javaHome,
    PYTHONPATH: files.python.join(path.delimiter),
    PYTHONUNBUFFERED: '1',
    PYSPARK_PYTHON: options.python,
    PYSPARK_SUBMIT_ARGS: asSubmitLine(submitArguments(batch, files, folder, options)),
    SPARK_LOCAL_IP: '127.0.0.1',
    STORAGE_EMULATOR_HOST: options.objectStore,
    SECRET_MANAGER_ENDPOINT: `http://${options.cloud}`,
    GCE_METADATA_HOST: options.cloud,
    GCE_METADATA_IP: options.cloud,
    [mark]: batch.uuid,
    ...(options.failpoints !== undefined && { SEVENFOLD_FAILPOINTS: options.failpoints }),
  };
}

function submitArguments(
  batch: BatchRecord,
  files: LocalFiles,
  folder: string,
  options: DriverOptions,
): string[] {
  const { master, driverMemory, connectorJar, objectStore } = options;
  const classPath = [...files.jars, ...(connectorJar === undefined ? [] : [connectorJar])];
  const theirs = Object.entries(batch.properties).filter(([name]) => name.startsWith('spark.'));
  const extraJavaOptions = batch.properties['spark.driver.extraJavaOptions'] ?? '';
  const configuration: Record<string, string> = {
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    ...Object.fromEntries(theirs),
    // This machine's own, whatever was asked for of a larger one.
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.memory': driverMemory,
    'spark.driver.extraJavaOptions': `-Djava.io.tmpdir=${folder}/tmp -XX:-UsePerfData ${extraJavaOptions}`,
    'spark.local.dir': path.join(folder, 'tmp'),
    'spark.sql.warehouse.dir': path.join(folder, 'warehouse'),
    'spark.sql.catalogImplementation': 'in-memory',
    ...(connectorJar !== undefined && bucketAccess(objectStore)),
  };
  return [
    ...['--master', master, '--name', batch.batchId],
    // Not by --jars: then the connector would come too late for what Spark itself reads.
    ...(classPath.length > 0 ? ['--driver-class-path', classPath.join(':')] : []),
    ...Object.entries(configuration).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
    'pyspark-shell',
  ];
}

function bucketAccess(endpoint: string): Record<string, string> {
  return {
    'spark.hadoop.fs.gs.impl': 'com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem',
    'spark.hadoop.fs.AbstractFileSystem.gs.impl': 'com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS',
    'spark.hadoop.fs.gs.storage.root.url': `${endpoint}/`,
    'spark.hadoop.fs.gs.auth.service.account.enable': 'false',
    'spark.hadoop.fs.gs.auth.null.enable': 'true',
    'spark.hadoop.fs.gs.project.id': 'emulator',
  };
}
