import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ProcessIdentity } from '../../stack/processes.ts';
import { Jvm, type JvmOptions } from './jvm.ts';
import type { KeeperHealth } from './protocol.ts';

export interface SharedJvmOptions extends Omit<JvmOptions, 'folder' | 'parameters'> {
  /** The parent of each JVM's own folder. */
  folder: string;
  parameters: (folder: string) => string[];
  /** Above this resident size it is replaced when nothing runs. */
  rssLimitBytes: number;
  pingEveryMs: number;
  pingTimeoutMs: number;
}

const longestPauseMs = 30_000;
const deathTimeoutMs = 2_000;

/** Sees to it that there is a warm JVM: starts one at once, and another when it died, hung or grew. */
export class SharedJvm {
  /** The JVM that batches may use now. */
  current: Jvm | undefined;
  readonly replaced = { died: 0, hung: 0, grown: 0 };
  /** Starts that failed one after the other: 0 as soon as one succeeds. */
  failedStarts = 0;
  problem: string | null = null;
  readonly #options: SharedJvmOptions;
  readonly #log: Logger;
  #starts = 0;
  #starting: ProcessIdentity | undefined;
  #reason: keyof SharedJvm['replaced'] = 'died';
  readonly #closing = new AbortController();
  #kept: Promise<void> | undefined;

  constructor(options: SharedJvmOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
  }

  /** `onChange` is called whenever a JVM became ready or failed to (then without one). */
  start(onChange: (jvm?: Jvm) => void, onStarted: (identity: ProcessIdentity) => void): void {
    this.#kept = this.#keep(onChange, (identity) => {
      this.#starting = identity;
      onStarted(identity);
    });
  }

  health(): KeeperHealth['jvm'] {
    const pid = this.current?.identity.pid ?? this.#starting?.pid ?? null;
    return {
      state: this.current ? 'ready' : this.failedStarts > 0 ? 'failing' : 'starting',
      pid,
      rssMb: this.current ? Math.round(this.current.rssBytes() / 2 ** 20) : null,
      starts: this.#starts,
      replaced: { ...this.replaced },
      problem: this.problem,
    };
  }

  /** Ends the JVM that cannot be trusted any more; the next one starts by itself. */
  async replace(jvm: Jvm, reason: keyof SharedJvm['replaced'], problem: string): Promise<void> {
    if (this.current !== jvm) return;
    this.current = undefined;
    this.#reason = reason;
    this.problem = problem;
    await jvm.kill();
  }

  /** Only while nothing runs. */
  async replaceIfGrown(): Promise<void> {
    const jvm = this.current;
    if (jvm === undefined || jvm.rssBytes() <= this.#options.rssLimitBytes) return;
    const megabytes = Math.round(jvm.rssBytes() / 2 ** 20);
    await this.replace(jvm, 'grown', `the JVM had grown to ${megabytes} MB`);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.current?.kill();
    await this.#kept;
  }

  async #keep(onChange: (jvm?: Jvm) => void, onStarted: (identity: ProcessIdentity) => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#starts += 1;
      const folder = path.join(this.#options.folder, `jvm-${process.pid}-${this.#starts}`);
      let jvm: Jvm;
      try {
        const parameters = this.#options.parameters(folder);
        jvm = await Jvm.launch({ ...this.#options, folder, parameters }, onStarted);
      } catch (error) {
        this.failedStarts += 1;
        this.problem = (error as Error).message;
        this.#log.error({ failedStarts: this.failedStarts }, this.problem);
        onChange();
        await pause(Math.min(250 * 2 ** this.failedStarts, longestPauseMs), signal);
        continue;
      }
      this.failedStarts = 0;
      this.#reason = 'died';
      this.current = jvm;
      this.#log.info({ pid: jvm.identity.pid }, 'the JVM is ready');
      if (signal.aborted) {
        // Closed while it started: nobody may attach to it any more.
        await jvm.kill();
        return;
      }
      onChange(jvm);
      void this.#watch(jvm);
      const { code, signal: killedBy } = await jvm.ended;
      if (this.current === jvm) this.current = undefined;
      if (signal.aborted) return;
      this.replaced[this.#reason] += 1;
      if (this.#reason === 'died') {
        this.problem = jvm.diedOfMemory
          ? 'the JVM ran out of memory'
          : `the JVM died (${killedBy ?? `exit code ${code}`})`;
      }
      this.#log.warn(`${this.problem}: starting another`);
    }
  }

  async #watch(jvm: Jvm): Promise<void> {
    const { pingEveryMs, pingTimeoutMs } = this.#options;
    while (this.current === jvm) {
      await pause(pingEveryMs, this.#closing.signal);
      if (this.current !== jvm || this.#closing.signal.aborted) return;
      if (await jvm.answers(pingTimeoutMs)) continue;
      // A dead one does not answer either, and its connection may break before its end is known: that is no hang.
      if (await jvm.goneWithin(deathTimeoutMs)) return;
      await this.replace(jvm, 'hung', `the JVM had not answered for ${pingTimeoutMs / 1000} s`);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
