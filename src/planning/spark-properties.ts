import { Failure } from '../failures.ts';
import { coreChoices, fitCores } from './executors.ts';
import type { Resources } from './executors.ts';

export interface PropertyOptions {
  /** LightGBM and other jobs whose tasks must all run at once: no executor may come or go. */
  barrier: boolean;
  /** Between them, other jobs get and give back executors. */
  min: number;
  max: number;
}

/** So that the event log has peaks of memory, those of Python's processes too: by default it has none of a short batch. */
export const memoryMetrics = {
  'spark.executor.metrics.pollingInterval': '1s',
  'spark.executor.processTreeMetrics.enabled': 'true',
  'spark.eventLog.logStageExecutorMetrics': 'true',
};

/** An executor without work for so long is given back: a batch that hangs is soon a small one. */
const idleSeconds = 600;

/** The resources of a batch on Dataproc as Spark properties. */
export function planProperties(
  resources: Resources,
  { barrier, min, max }: PropertyOptions,
): Record<string, string> {
  const executors = String(resources.executors);
  return checkProperties({
    'spark.executor.instances': executors,
    'spark.executor.cores': String(resources.executorCores),
    'spark.driver.cores': String(resources.driverCores),
    'spark.executor.memory': sparkSize(resources.executorMemoryGb),
    'spark.driver.memory': sparkSize(resources.driverMemoryGb),
    'spark.sql.adaptive.enabled': 'true',
    'spark.sql.adaptive.coalescePartitions.enabled': 'true',
    'spark.sql.adaptive.skewJoin.enabled': 'true',
    ...(barrier
      ? { 'spark.dynamicAllocation.enabled': 'false' }
      : {
          'spark.dynamicAllocation.enabled': 'true',
          'spark.dynamicAllocation.minExecutors': String(min),
          'spark.dynamicAllocation.maxExecutors': String(max),
          'spark.dynamicAllocation.initialExecutors': executors,
          'spark.dynamicAllocation.executorIdleTimeout': `${idleSeconds}s`,
        }),
  });
}

/** The service sets these itself, and a batch that brings its own fails after minutes. */
const neverSet = /^spark\.(?:master|driver\.host|yarn\..*|shuffle\.service\..*)$/;
const dynamicBounds = ['minExecutors', 'maxExecutors', 'initialExecutors'].map(
  (name) => `spark.dynamicAllocation.${name}`,
);

/** Refuses what the service would refuse or choke on; gives the properties back. */
export function checkProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  const never = Object.keys(properties).find((name) => neverSet.test(name));
  if (never !== undefined) refuse(`Spark property ${never} is the service's own: leave it out.`);

  const partitions = properties['spark.sql.shuffle.partitions'];
  if (partitions !== undefined && !/^[1-9]\d*$/.test(partitions)) {
    refuse(
      `Spark property spark.sql.shuffle.partitions is "${partitions}", but must be a whole number of at least 1; left out, adaptive execution merges partitions by itself.`,
    );
  }
  if (properties['spark.dynamicAllocation.enabled'] === 'false') {
    const bound = dynamicBounds.find((name) => properties[name] !== undefined);
    if (bound !== undefined) {
      refuse(`Spark property ${bound} has no meaning while spark.dynamicAllocation.enabled is false.`);
    }
  }
  for (const node of ['executor', 'driver']) checkMachine(node, properties);
  return { ...properties };
}

function checkMachine(node: string, properties: Readonly<Record<string, string>>): void {
  const [coresName, memoryName] = [`spark.${node}.cores`, `spark.${node}.memory`];
  const [cores, memory] = [properties[coresName], properties[memoryName]];
  const count = coreChoices.find((choice) => String(choice) === cores);
  if (cores !== undefined && count === undefined) {
    refuse(`Spark property ${coresName} is "${cores}", but must be one of ${coreChoices.join(', ')}.`);
  }
  if (memory === undefined) return;
  const gb = gbOf(memory);
  if (gb === undefined) {
    refuse(`Spark property ${memoryName} is "${memory}", but must be a size such as 9600m or 16g.`);
  }
  const given = count ?? coreChoices[0];
  const needed = fitCores(memoryName, given, gb);
  if (needed !== given) {
    refuse(
      `Spark property ${memoryName} is "${memory}", which is too much for ${given} cores: set ${coresName} to ${needed}.`,
    );
  }
}

const scalaOf = (runtimeMajor: number): string => (runtimeMajor === 1 ? '2.12' : '2.13');

/** `name=value,name=value`, as a setting gives them; refused where a batch would choke on them. */
export function parseProperties(setting: string): Record<string, string> {
  const pairs = setting
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [, name, value] = /^(spark\.[\w.-]+)=(.+)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined) {
        refuse(
          `SPARK_PROPERTIES holds "${pair}", but must be spark.name=value, several with commas between.`,
        );
      }
      return [name, value.trim()] as const;
    });
  return checkProperties(Object.fromEntries(pairs));
}

/**
 * Refuses jars of a Scala version that the runtime does not have: runtimes 1.x have 2.12, later ones 2.13. A jar of the
 * other version loads and then fails at its first use.
 */
export function checkRuntime(runtimeVersion: string, artifactNames: readonly string[]): void {
  const major = /^([1-9]\d*)\.\d+(?:\.\d+)?$/.exec(runtimeVersion)?.[1];
  if (major === undefined) {
    refuse(`Dataproc runtime "${runtimeVersion}" is no version such as 1.2.`);
  }
  const scala = scalaOf(Number(major));
  for (const artifact of artifactNames) {
    const built = /_(2\.1[0-9]|3)(?![0-9])/.exec(artifact)?.[1];
    if (built !== undefined && built !== scala) {
      refuse(
        `${artifact} is built for Scala ${built}, but Dataproc runtime ${runtimeVersion} has Scala ${scala}: ${advice(built)}`,
      );
    }
  }
}

function advice(built: string): string {
  if (built === '2.12') return 'set DATAPROC_RUNTIME_VERSION to 1.2.';
  if (built === '2.13') return 'set DATAPROC_RUNTIME_VERSION to 2.2.';
  return 'use another build of it.';
}

/** `20g`, or `9600m` where it is no whole number of GB. */
function sparkSize(gb: number): string {
  return Number.isInteger(gb) ? `${gb}g` : `${Math.floor(gb * 1024)}m`;
}

function gbOf(size: string): number | undefined {
  const [, number, unit] = /^([1-9]\d*)([mg])b?$/i.exec(size) ?? [];
  if (number === undefined) return undefined;
  return unit?.toLowerCase() === 'g' ? Number(number) : Number(number) / 1024;
}

function refuse(message: string): never {
  throw new Failure('InvalidInput', message);
}
