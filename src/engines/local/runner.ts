import { spawn, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { identify, isSame, killTree, processInfo, type ProcessIdentity } from '../../stack/processes.ts';

/** One line to spark/sevenfold_jobs/runner.py; holds secrets. */
export interface JobRequest {
  batchId: string;
  attempt: number;
  job: string;
  input: Record<string, unknown>;
  fence: Record<string, unknown>;
  directory: string;
  databaseUrl: string;
  failpoints?: string;
  /** The gateway of the shared JVM; without it the job launches its own, with what `environment` says. */
  warm?: { port: number; secret: string };
  environment?: Record<string, string | null>;
}

/** How the process of a job ended. */
export type DriverEnd = { code: number } | { signal: NodeJS.Signals } | { lost: true };

/** The process of one job: a fork of the runner. */
export interface Driver {
  /** Undefined where it had ended before it could be looked at. */
  identity: ProcessIdentity | undefined;
  ended: Promise<DriverEnd>;
}

export interface RunnerOptions {
  python: string;
  /** The folder that holds sevenfold_jobs. */
  sparkFolder: string;
  environment: NodeJS.ProcessEnv;
  /** Where the runner's own words go; a job's go into its batch's driver.log. */
  log: number;
}

interface Job {
  started: (identity: ProcessIdentity | undefined) => void;
  failed: (error: Error) => void;
  ended: (end: DriverEnd) => void;
}

const readyTimeoutMs = 180_000;

/** The Python process that forks the process of each job. */
export class Runner {
  readonly identity: ProcessIdentity | undefined;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #jobs = new Map<string, Job>();
  readonly #source: string;
  readonly #sourceTime: number;
  #ended = false;

  constructor(options: RunnerOptions) {
    this.#source = path.join(options.sparkFolder, 'sevenfold_jobs', 'runner.py');
    this.#sourceTime = statSync(this.#source).mtimeMs;
    this.#child = spawn(options.python, ['-m', 'sevenfold_jobs.runner'], {
      detached: true,
      stdio: ['pipe', 'pipe', options.log],
      env: options.environment,
    });
    this.identity = this.#child.pid === undefined ? undefined : identify(this.#child.pid);
    this.#child.stdin?.on('error', () => undefined);
    this.#ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Python was not ready within ${readyTimeoutMs / 1000} s`));
        void this.kill();
      }, readyTimeoutMs);
      const end = (reason: string): void => {
        clearTimeout(timer);
        this.#ended = true;
        const error = new Error(reason);
        reject(error);
        for (const job of this.#jobs.values()) {
          job.failed(error);
          job.ended({ lost: true });
        }
        this.#jobs.clear();
      };
      this.#child.on('error', (error) => end(`Python did not start: ${error.message}`));
      this.#child.on('exit', (code, signal) =>
        end(`the Python runner ended (${signal ?? `exit code ${code}`})`),
      );
      createInterface({ input: this.#child.stdout! }).on('line', (line) => {
        const said = JSON.parse(line) as Said;
        if ('ready' in said) {
          clearTimeout(timer);
          resolve();
        } else this.#heard(said);
      });
    });
    this.#ready.catch(() => undefined);
  }

  /** May it start another job? Not when it is gone or when its source has changed. */
  get usable(): boolean {
    return !this.#ended && statSync(this.#source).mtimeMs === this.#sourceTime;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get idle(): boolean {
    return this.#jobs.size === 0;
  }

  rssBytes(): number {
    return processInfo(this.#child.pid ?? 0)?.rssBytes ?? 0;
  }

  async start(request: JobRequest): Promise<Driver> {
    await this.#ready;
    return new Promise((resolve, reject) => {
      const ended = new Promise<DriverEnd>((end) => {
        this.#jobs.set(request.batchId, {
          started: (identity) => resolve({ identity, ended }),
          failed: reject,
          ended: end,
        });
      });
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Lets it go: with its stdin closed it ends, and its jobs with it. */
  async kill(): Promise<void> {
    if (this.identity && isSame(this.identity)) await killTree(this.identity);
  }

  #heard(said: Exclude<Said, { ready: number }>): void {
    if ('started' in said) {
      this.#jobs.get(said.started)?.started(identify(said.pid));
      return;
    }
    const job = this.#jobs.get(said.ended);
    this.#jobs.delete(said.ended);
    job?.ended('signal' in said ? { signal: said.signal } : { code: said.code });
  }
}

type Said =
  | { ready: number }
  | { started: string; pid: number }
  | { ended: string; code: number }
  | { ended: string; signal: NodeJS.Signals };

/** Always a runner that may start a job; earlier ones end with their last job. */
export class Runners {
  readonly #options: RunnerOptions;
  readonly #onStarted: (identity: ProcessIdentity) => void;
  #current: Runner | undefined;
  #retired: Runner[] = [];

  constructor(options: RunnerOptions, onStarted: (identity: ProcessIdentity) => void) {
    this.#options = options;
    this.#onStarted = onStarted;
  }

  /** The runner for the next job; started ahead by the keeper, so that nobody waits for it. */
  current(): Runner {
    if (this.#current?.usable) return this.#current;
    if (this.#current) this.#retired.push(this.#current);
    this.#current = new Runner(this.#options);
    if (this.#current.identity) this.#onStarted(this.#current.identity);
    // A process that resists is tried again with the next job.
    this.#endRetired().catch(() => undefined);
    return this.#current;
  }

  async start(request: JobRequest): Promise<Driver> {
    const driver = await this.current().start(request);
    await this.#endRetired();
    return driver;
  }

  async close(): Promise<void> {
    await this.#current?.kill();
    await Promise.all(this.#retired.map((runner) => runner.kill()));
  }

  async #endRetired(): Promise<void> {
    const idle = this.#retired.filter((runner) => runner.idle || runner.ended);
    await Promise.all(idle.map((runner) => runner.kill()));
    this.#retired = this.#retired.filter((runner) => !idle.includes(runner));
  }
}
