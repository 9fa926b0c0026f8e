import { memoryMetrics } from '../../planning/spark-properties.ts';

/** What all our JVMs have in common: the shared one, those of isolated batches, and drivers on a cluster. */
export interface SparkSettings {
  cores: number;
  driverMemory: string;
  jars: readonly string[];
  /** Class archive; ignored if missing or stale. */
  classArchive?: string | undefined;
}

/** What the driver of a batch on a standalone cluster needs in addition. */
export interface ClusterSettings {
  /** `spark://host:port` */
  master: string;
  driverMemory: string;
  executorMemory: string;
  /** Sent to the executors: only what the job loads. */
  jars: readonly string[];
  /** sevenfold_jobs as an archive. */
  code: string;
  /** Beside what we set ourselves. */
  properties: Readonly<Record<string, string>>;
}

/** Where Spark writes the event log of what runs in `folder`. */
export function eventLogFolder(folder: string): string {
  return `${folder}/events`;
}

/** Threads of the linear algebra must not change a figure, and their number would. */
const pythonVariables = { OPENBLAS_NUM_THREADS: '1', PYTHONHASHSEED: '0' };

/**
 * Arguments of spark-submit. Everything that Spark and the JVM write goes below `folder`, so that nothing stays behind
 * when they are killed.
 */
export function sparkArguments(settings: SparkSettings, folder: string): string[] {
  const configuration = {
    ...sharedConfiguration(folder),
    ...loopback,
    // The default of 200 is for clusters: each partition is a task, and a task costs a few milliseconds here.
    'spark.sql.shuffle.partitions': String(Math.max(2, settings.cores)),
    // A fork for each task from a process that has its imports behind it (spark/sevenfold_jobs/common/task_daemon.py).
    'spark.python.daemon.module': 'sevenfold_jobs.common.task_daemon',
    'spark.python.worker.reuse': 'false',
    // Shuffle files and broadcasts go when their owners are collected, and nothing else may ever cause a collection.
    'spark.cleaner.periodicGC.interval': '5min',
  };
  return [
    ...['--master', `local[${settings.cores}]`, '--name', 'sevenfold'],
    ...['--driver-memory', settings.driverMemory],
    // On the class path and not by --jars: in local mode that would only add a copy of each for every JVM.
    ...(settings.jars.length > 0 ? ['--driver-class-path', settings.jars.join(':')] : []),
    ...['--driver-java-options', javaOptions(folder, settings.classArchive)],
    ...asConf(configuration),
    'pyspark-shell',
  ];
}

/** Arguments of the driver of one batch, in client mode: it runs here, its tasks on the cluster's workers. */
export function clusterArguments(settings: ClusterSettings, folder: string): string[] {
  const configuration = {
    ...sharedConfiguration(folder),
    // A cluster on other machines must find the driver by the address that Spark chooses.
    ...(isLoopback(settings.master) && loopback),
    'spark.executor.memory': settings.executorMemory,
    ...Object.fromEntries(
      Object.entries(pythonVariables).map(([name, value]) => [`spark.executorEnv.${name}`, value]),
    ),
    // An application that loses its executors again and again says so instead of waiting for ever.
    'spark.network.timeout': '60s',
    ...settings.properties,
  };
  return [
    ...['--master', settings.master, '--driver-memory', settings.driverMemory],
    ...(settings.jars.length > 0 ? ['--jars', settings.jars.join(',')] : []),
    ...['--py-files', settings.code],
    ...['--driver-java-options', javaOptions(folder)],
    ...asConf(configuration),
    'pyspark-shell',
  ];
}

const loopback = { 'spark.driver.host': '127.0.0.1', 'spark.driver.bindAddress': '127.0.0.1' };

function sharedConfiguration(folder: string): Record<string, string> {
  return {
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.local.dir': folder,
    'spark.sql.warehouse.dir': `${folder}/warehouse`,
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.adaptive.enabled': 'true',
    'spark.sql.execution.arrow.pyspark.enabled': 'true',
    // A Python task that does not end when asked to is killed after this.
    'spark.python.task.killTimeout': '500ms',
    // The database's address is a local property of this name (spark/sevenfold_jobs/common/session.py). Spark keeps those out
    // of its event log only where the configuration has the name too.
    'spark.sevenfold.secret.database': 'of each batch',
    ...memoryMetrics,
    'spark.eventLog.enabled': 'true',
    'spark.eventLog.dir': eventLogFolder(folder),
    'spark.eventLog.compress': 'false',
    // In pieces, so that those of ended batches can go while a shared JVM lives on.
    'spark.eventLog.rolling.enabled': 'true',
    'spark.eventLog.rolling.maxFileSize': '10m',
  };
}

function javaOptions(folder: string, classArchive?: string): string {
  return [
    ...(classArchive === undefined ? [] : [asOption(`-XX:SharedArchiveFile=${classArchive}`)]),
    '-Duser.timezone=UTC',
    asOption(`-Djava.io.tmpdir=${folder}`),
    // Without the file in /tmp that a killed JVM leaves behind.
    '-XX:-UsePerfData',
    // After an OutOfMemoryError no thread can be trusted: a new JVM is ready in seconds.
    '-XX:+ExitOnOutOfMemoryError',
  ].join(' ');
}

function asConf(configuration: Record<string, string>): string[] {
  return Object.entries(configuration).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
}

export function isLoopback(master: string): boolean {
  return /^spark:\/\/(127\.0\.0\.1|localhost|\[::1\]):/.test(master);
}

/** One option among those that Spark splits at blanks, as a shell would. */
function asOption(option: string): string {
  return /^[\w./:=@+-]+$/.test(option) ? option : quote(option);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** The same as the one line that pyspark takes from PYSPARK_SUBMIT_ARGS and splits as a shell would. */
export function asSubmitLine(parameters: readonly string[]): string {
  return parameters.map(quote).join(' ');
}
