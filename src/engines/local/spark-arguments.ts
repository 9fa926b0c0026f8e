/** What every JVM of ours has in common, the shared one and those of isolated batches. */
export interface SparkSettings {
  cores: number;
  driverMemory: string;
  jars: readonly string[];
}

/**
 * Arguments of spark-submit. Everything that Spark and the JVM write goes below `folder`, so that nothing stays behind
 * when they are killed.
 */
export function sparkArguments(settings: SparkSettings, folder: string): string[] {
  const configuration = {
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.local.dir': folder,
    'spark.sql.warehouse.dir': `${folder}/warehouse`,
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.adaptive.enabled': 'true',
    // The default of 200 is for clusters: each partition is a task, and a task costs a few milliseconds here.
    'spark.sql.shuffle.partitions': String(Math.max(2, settings.cores)),
    'spark.sql.execution.arrow.pyspark.enabled': 'true',
    // A fork for each task from a process that has its imports behind it (spark/sevenfold_jobs/common/task_daemon.py).
    'spark.python.daemon.module': 'sevenfold_jobs.common.task_daemon',
    'spark.python.worker.reuse': 'false',
    // A Python task that does not end when it is told to is killed after this.
    'spark.python.task.killTimeout': '500ms',
    // Shuffle files and broadcasts go when their owners are collected, and nothing else may ever cause a collection.
    'spark.cleaner.periodicGC.interval': '5min',
  };
  const javaOptions = [
    '-Duser.timezone=UTC',
    `-Djava.io.tmpdir=${folder}`,
    // Without the file in /tmp that a killed JVM leaves behind.
    '-XX:-UsePerfData',
    // After an OutOfMemoryError no thread can be trusted: a new JVM is ready in seconds.
    '-XX:+ExitOnOutOfMemoryError',
  ];
  return [
    ...[
      '--master',
      `local[${settings.cores}]`,
      '--name',
      'sevenfold',
      '--driver-memory',
      settings.driverMemory,
    ],
    // On the class path and not by --jars: in local mode that would only add a copy of each for every JVM.
    ...(settings.jars.length > 0 ? ['--driver-class-path', settings.jars.join(':')] : []),
    ...['--driver-java-options', javaOptions.join(' ')],
    ...Object.entries(configuration).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
    'pyspark-shell',
  ];
}

/** The same as the one line that pyspark takes from PYSPARK_SUBMIT_ARGS and splits as a shell would. */
export function asSubmitLine(parameters: readonly string[]): string {
  return parameters.map((part) => `'${part.replaceAll("'", `'"'"'`)}'`).join(' ');
}
