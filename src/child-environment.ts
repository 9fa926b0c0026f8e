import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from './environment-values.ts';

type Variables = Record<string, string | undefined>;

// What makes Python find another library than that of its own environment, or run otherwise than we have tried.
const ofPython = /^(?:PYTHON|PYSPARK_|VIRTUAL_ENV$|CONDA_PREFIX$)/;
// What makes a JVM of ours somebody else's Spark. Options for the JVM itself (SPARK_SUBMIT_OPTS) are left to whoever sets them.
const ofSpark = /^(?:SPARK_(?!SUBMIT_OPTS$|LAUNCHER_OPTS$)|HADOOP_|YARN_CONF_DIR$|HIVE_CONF_DIR$|CLASSPATH$)/;
// What may point at another database or Temporal, or bring keys, formats and options for one.
const ofServers = /^(?:DATABASE_URL$|DB_|TEMPORAL_|PG[A-Z])/;

function without(env: Environment, ...patterns: RegExp[]): Variables {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !patterns.some((pattern) => pattern.test(name))),
  );
}

/**
 * For a Python process of ours. Folders of PYTHONPATH that hold jobs of ours stay on it: that is how jobs in addition to those of
 * spark/ are found.
 */
export function pythonEnvironment(env: Environment, ...folders: string[]): Variables {
  const jobFolders = (env['PYTHONPATH'] ?? '').split(path.delimiter).filter(holdsJobs);
  const found = [...folders, ...jobFolders];
  return {
    ...without(env, ofPython),
    ...(found.length > 0 && { PYTHONPATH: found.join(path.delimiter) }),
    // A file name that is no ASCII must not depend on who started us.
    LC_ALL: 'C.UTF-8',
  };
}

/** For a JVM of ours and the Python processes around it. */
export function sparkEnvironment(env: Environment, ...folders: string[]): Variables {
  return without(pythonEnvironment(env, ...folders), ofSpark);
}

/** For what works with the embedded servers: nothing that speaks of other ones, and no proxy on the way to them. */
export function embeddedEnvironment(env: Environment): Variables {
  const direct = [env['no_proxy'] ?? env['NO_PROXY'], 'localhost,127.0.0.1,::1'].filter(Boolean).join(',');
  return { ...without(env, ofServers), no_proxy: direct, NO_PROXY: direct };
}

function holdsJobs(folder: string): boolean {
  return folder !== '' && existsSync(path.join(folder, 'sevenfold_jobs'));
}
