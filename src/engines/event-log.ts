import { Failure } from '../failures.ts';

/**
 * What Spark's event log says about an application, or about one job group in it. It covers the executors'
 * JVMs, not the driver:
 * - `cpuSeconds` is the CPU time of tasks in the JVM, deserialising included. The CPU time of Python processes is in
 *   no event, so a job of Python functions shows a small share; its slots' time is in `taskSeconds`.
 * - `peakExecutorMb` is the resident memory of the JVM with its Python processes where Spark measures it
 *   (`spark.executor.processTreeMetrics.enabled`), else the JVM's heap and off-heap memory where it was polled, else what
 *   the largest task held of execution memory, else 0. In a shared JVM it is all of the JVM's.
 */
export interface EventLogSummary {
  stages: number;
  /** Attempts of tasks that have ended. */
  tasks: number;
  failedTasks: number;
  peakExecutorMb: number;
  cpuSeconds: number;
  /** How long tasks had their slots, Python's work included. */
  taskSeconds?: number;
  /**
   * Cores of executors times how long they were there. For a group in a JVM that others share, the cores times the time
   * from its first job to the end of its last, or of a task that outlives it: what overlaps counts for each group.
   */
  offeredCoreSeconds: number;
  /** `cpuSeconds` of `offeredCoreSeconds`; 0 where nothing was offered. */
  cpuShare: number;
  /** Written by shuffles. */
  shuffleMb: number;
}

export interface EventLogOptions {
  /** Only jobs of this `spark.jobGroup.id`. */
  jobGroup?: string;
  /** Cores of a local JVM, for a part of a log that names neither executors nor, in a SQL job, the master. */
  cores?: number;
}

/** Reads the lines of an event log (Spark 3.5). The last one may be cut off, as a killed application leaves it. */
export async function summariseEventLog(
  lines: AsyncIterable<string>,
  options: EventLogOptions = {},
): Promise<EventLogSummary> {
  const log = new EventLog(options);
  let number = 0;
  let broken: number | undefined;
  let anyEvent = false;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    if (broken !== undefined) {
      throw new Failure('InvalidInput', `Line ${broken} of the event log is broken, and others follow it.`);
    }
    anyEvent ||= anyEventForm.test(line);
    if (!wantedForm.test(line)) continue;
    const event = parse(line);
    if (event === undefined) broken = number;
    else log.add(event);
  }
  if (number > 0 && !anyEvent && broken === undefined) {
    throw new Failure('InvalidInput', 'This is no event log of Spark: no line of it is an event.');
  }
  return log.summary();
}

/** Events of 3.5 begin with their name. Most are not needed, and parsing is what a long log costs. */
const anyEventForm = /^\s*\{\s*"Event"\s*:/;
const wantedForm =
  /^\s*\{\s*"Event"\s*:\s*"SparkListener(?:ApplicationStart|ApplicationEnd|ExecutorAdded|ExecutorRemoved|JobStart|JobEnd|StageSubmitted|StageCompleted|StageExecutorMetrics|TaskEnd)"/;

interface StageEvent {
  'Stage Info': { 'Stage ID': number; 'Completion Time'?: number };
  Properties?: Record<string, string>;
}

interface TaskEnd {
  Event: 'SparkListenerTaskEnd';
  'Stage ID': number;
  'Task Info': { 'Executor ID'?: string; 'Finish Time'?: number; Failed?: boolean };
  'Task Executor Metrics'?: Record<string, number>;
  'Task Metrics'?: {
    'Executor Deserialize CPU Time'?: number;
    'Executor CPU Time'?: number;
    'Executor Run Time'?: number;
    'Peak Execution Memory'?: number;
    'Shuffle Write Metrics'?: { 'Shuffle Bytes Written'?: number };
  } | null;
}

type SparkEvent =
  | { Event: 'SparkListenerApplicationStart' | 'SparkListenerApplicationEnd'; Timestamp: number }
  | {
      Event: 'SparkListenerExecutorAdded';
      Timestamp: number;
      'Executor ID': string;
      'Executor Info': { 'Total Cores': number };
    }
  | { Event: 'SparkListenerExecutorRemoved'; Timestamp: number; 'Executor ID': string }
  | {
      Event: 'SparkListenerJobStart';
      'Job ID': number;
      'Submission Time': number;
      'Stage IDs': number[];
      Properties?: Record<string, string>;
    }
  | { Event: 'SparkListenerJobEnd'; 'Job ID': number; 'Completion Time': number }
  | ({ Event: 'SparkListenerStageSubmitted' } & StageEvent)
  | ({ Event: 'SparkListenerStageCompleted' } & StageEvent)
  | {
      Event: 'SparkListenerStageExecutorMetrics';
      'Stage ID': number;
      'Executor ID': string;
      'Executor Metrics': Record<string, number>;
    }
  | TaskEnd;

interface Span {
  from: number;
  to?: number;
}

const groupProperty = 'spark.jobGroup.id';
const bytesPerMb = 2 ** 20;

class EventLog {
  readonly #group: string | undefined;
  #cores: number | undefined;
  readonly #executors = new Map<string, Span & { cores: number }>();
  readonly #jobs = new Map<number, Span>();
  /** Stages that our jobs may run, and those that did run. */
  readonly #ours = new Set<number>();
  readonly #ran = new Set<number>();
  #whole = false;
  #shared = false;
  #lastMs = 0;
  /** When the last of our tasks ended: a task that outlives its failed job still uses cores. */
  #lastTaskMs = 0;
  #tasks = 0;
  #failedTasks = 0;
  #cpuNs = 0;
  #runMs = 0;
  #shuffleBytes = 0;
  readonly #peak = { resident: 0, heap: 0, execution: 0 };

  constructor({ jobGroup, cores }: EventLogOptions) {
    this.#group = jobGroup;
    this.#cores = cores;
  }

  add(event: SparkEvent): void {
    switch (event.Event) {
      case 'SparkListenerApplicationStart':
        this.#whole = true;
        return this.#seen(event.Timestamp);
      case 'SparkListenerApplicationEnd':
        return this.#seen(event.Timestamp);
      case 'SparkListenerExecutorAdded': {
        const cores = event['Executor Info']['Total Cores'];
        this.#executors.set(event['Executor ID'], { cores, from: event.Timestamp });
        return this.#seen(event.Timestamp);
      }
      case 'SparkListenerExecutorRemoved': {
        const executor = this.#executors.get(event['Executor ID']);
        if (executor) executor.to ??= event.Timestamp;
        return this.#seen(event.Timestamp);
      }
      case 'SparkListenerJobStart': {
        this.#seen(event['Submission Time']);
        this.#cores = localCores(event.Properties?.['spark.master']) ?? this.#cores;
        if (!this.#isOurs(event.Properties)) {
          this.#shared = true;
          return;
        }
        this.#jobs.set(event['Job ID'], { from: event['Submission Time'] });
        for (const stage of event['Stage IDs']) this.#ours.add(stage);
        return;
      }
      case 'SparkListenerJobEnd': {
        const job = this.#jobs.get(event['Job ID']);
        if (job) job.to = event['Completion Time'];
        return this.#seen(event['Completion Time']);
      }
      case 'SparkListenerStageSubmitted': {
        const stage = event['Stage Info']['Stage ID'];
        // Two jobs may name the same stage: it belongs to the one that had to run it.
        if (event.Properties !== undefined) {
          if (this.#isOurs(event.Properties)) this.#ours.add(stage);
          else this.#ours.delete(stage);
        }
        if (this.#ours.has(stage)) this.#ran.add(stage);
        return;
      }
      case 'SparkListenerStageCompleted': {
        const { 'Stage ID': stage, 'Completion Time': at } = event['Stage Info'];
        if (this.#ours.has(stage)) this.#ran.add(stage);
        return this.#seen(at ?? 0);
      }
      case 'SparkListenerStageExecutorMetrics':
        if (this.#ours.has(event['Stage ID'])) this.#measure(event['Executor ID'], event['Executor Metrics']);
        return;
      case 'SparkListenerTaskEnd':
        return this.#addTask(event);
    }
  }

  summary(): EventLogSummary {
    const offered = this.#offeredMs() / 1000;
    const cpuSeconds = this.#cpuNs / 1e9;
    const { resident, heap, execution } = this.#peak;
    return {
      stages: this.#ran.size,
      tasks: this.#tasks,
      failedTasks: this.#failedTasks,
      peakExecutorMb: round((resident || heap || execution) / bytesPerMb, 1),
      cpuSeconds: round(cpuSeconds, 3),
      taskSeconds: round(this.#runMs / 1000, 3),
      offeredCoreSeconds: round(offered, 3),
      cpuShare: offered > 0 ? round(cpuSeconds / offered, 4) : 0,
      shuffleMb: round(this.#shuffleBytes / bytesPerMb, 3),
    };
  }

  #isOurs(properties: Record<string, string> | undefined): boolean {
    return this.#group === undefined || properties?.[groupProperty] === this.#group;
  }

  #seen(atMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, atMs);
  }

  #addTask({ 'Stage ID': stage, 'Task Info': info, ...task }: TaskEnd): void {
    const finishedMs = info['Finish Time'] ?? 0;
    this.#seen(finishedMs);
    if (!this.#ours.has(stage)) return;
    this.#lastTaskMs = Math.max(this.#lastTaskMs, finishedMs);
    this.#ran.add(stage);
    this.#tasks++;
    if (info.Failed) this.#failedTasks++;
    const metrics = task['Task Metrics'] ?? {}; // a task whose executor was lost has none
    this.#cpuNs += (metrics['Executor CPU Time'] ?? 0) + (metrics['Executor Deserialize CPU Time'] ?? 0);
    this.#runMs += metrics['Executor Run Time'] ?? 0;
    this.#shuffleBytes += metrics['Shuffle Write Metrics']?.['Shuffle Bytes Written'] ?? 0;
    this.#peak.execution = Math.max(this.#peak.execution, metrics['Peak Execution Memory'] ?? 0);
    this.#measure(info['Executor ID'] ?? '', task['Task Executor Metrics'] ?? {});
  }

  #measure(executor: string, metrics: Record<string, number>): void {
    // On a cluster the driver is measured, too, but runs no task.
    if (executor === 'driver' && this.#executors.size > 0 && !this.#executors.has(executor)) return;
    const sum = (...names: string[]): number => names.reduce((so, name) => so + (metrics[name] ?? 0), 0);
    const resident = sum(
      'ProcessTreeJVMRSSMemory',
      'ProcessTreePythonRSSMemory',
      'ProcessTreeOtherRSSMemory',
    );
    this.#peak.resident = Math.max(this.#peak.resident, resident);
    this.#peak.heap = Math.max(this.#peak.heap, sum('JVMHeapMemory', 'JVMOffHeapMemory'));
  }

  #offeredMs(): number {
    const executors = [...this.#executors.values()];
    if (this.#whole && !this.#shared) return coreMs(executors, { from: 0, to: this.#lastMs });
    const jobs = [...this.#jobs.values()];
    if (jobs.length === 0) return 0;
    const from = Math.min(...jobs.map((job) => job.from));
    const to = Math.max(this.#lastTaskMs, ...jobs.map((job) => job.to ?? this.#lastMs));
    const span = { from, to };
    return coreMs(executors.length > 0 ? executors : [{ cores: this.#cores ?? 0, from }], span);
  }
}

function coreMs(executors: readonly (Span & { cores: number })[], within: Required<Span>): number {
  return executors.reduce((sum, { cores, from, to = within.to }) => {
    const ms = Math.min(to, within.to) - Math.max(from, within.from);
    return sum + cores * Math.max(0, ms);
  }, 0);
}

/** `local[4]`; how many `local[*]` are, only the machine knows. */
function localCores(master: string | undefined): number | undefined {
  const cores = /^local\[(\d+)/.exec(master ?? '')?.[1];
  return cores === undefined ? undefined : Number(cores);
}

function parse(line: string): SparkEvent | undefined {
  try {
    return JSON.parse(line) as SparkEvent;
  } catch {
    return undefined;
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
