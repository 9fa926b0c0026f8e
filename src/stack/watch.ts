import { spawn } from 'node:child_process';
import { closeSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { endLeftovers, endPart, markOf } from './ending.ts';
import { readJson, writeJson } from './files.ts';
import { lastWords, logFile, openLog, rotateQuietly, sizeOf } from './logs.ts';
import { isOurs, markVariable } from './ownership.ts';
import { recordFile } from './part.ts';
import type { Part, PartRecord } from './part.ts';
import { identify, isSame, killTrees, processInfo } from './processes.ts';

export type PartState =
  /** It waits for the parts that it needs. */
  | 'waiting'
  | 'starting'
  | 'running'
  /** It ended or did not come up, and is tried again after a pause. */
  | 'restarting'
  | 'stopped';

export interface PartStatus {
  name: string;
  state: PartState;
  pid: number | null;
  startTime: string | null;
  address: string | null;
  since: string | null;
  restarts: number;
  /** Starts in a row that led to nothing. */
  failures: number;
  lastError: string | null;
  /** What keeps it from its work although it runs. */
  trouble?: string | null;
}

export interface Watchtower {
  stateFolder: string;
  codeVersion: string;
  log: Logger;
  /** Resolves when the named parts serve. */
  serving(names: readonly string[]): Promise<void>;
  changed(): void;
}

const pollMs = 200;
const probeEveryMs = 3_000;
const probeLimitMs = 10_000;
const firstPauseMs = 200;
const longestPauseMs = 10_000;
const healthyAfterMs = 30_000;
const startLimitMs = 180_000;
const stoppedLimitMs = 10_000;

/** Keeps one part running: adopts or starts its process, sees it die or hang, starts it again with growing pauses. */
export class PartWatch {
  readonly part: Part;
  readonly #tower: Watchtower;
  readonly #file: string;
  readonly #log: string;
  #state: PartState = 'waiting';
  #record: PartRecord | undefined;
  #restarts = 0;
  #failures = 0;
  #lastError: string | null = null;
  #ending = false;
  #logStart = 0;
  #exit: string | undefined;
  #served = false;

  constructor(part: Part, tower: Watchtower) {
    this.part = part;
    this.#tower = tower;
    this.#file = recordFile(tower.stateFolder, part.name);
    this.#log = logFile(tower.stateFolder, part.name);
  }

  get status(): PartStatus {
    return {
      name: this.part.name,
      state: this.#state,
      pid: this.#record?.pid ?? null,
      startTime: this.#record?.startTime ?? null,
      address: this.part.address(),
      since: this.#record?.since ?? null,
      restarts: this.#restarts,
      failures: this.#failures,
      lastError: this.#lastError,
      trouble: this.#record === undefined ? null : (this.part.trouble?.() ?? null),
    };
  }

  #enter(state: PartState): void {
    this.#state = state;
    this.#tower.changed();
  }

  /** Runs until `end`. */
  async run(): Promise<void> {
    let pauseMs = firstPauseMs;
    await this.#adopt();
    while (!this.#ending) {
      const began = performance.now();
      try {
        if (this.#record === undefined) await this.#start();
        await this.#untilServing();
        this.#failures = 0;
        this.#served = true;
        this.#enter('running');
        this.#tower.log.info({ part: this.part.name, pid: this.#record?.pid }, 'serving');
        await this.#untilLost();
      } catch (error) {
        if (this.#ending) return;
        this.#lastError = (error as Error).message;
        this.#failures++;
        this.#tower.log.error({ part: this.part.name, err: error }, 'did not come up');
        if (this.#record !== undefined) await killTrees([this.#record]).catch(() => undefined);
      }
      if (this.#ending) return;
      this.#record = undefined;
      this.#restarts++;
      this.#enter('restarting');
      if (performance.now() - began > healthyAfterMs) pauseMs = firstPauseMs;
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  /** Ends the watch, not the process. */
  end(): void {
    this.#ending = true;
  }

  async #adopt(): Promise<void> {
    const record = readJson<PartRecord>(this.#file);
    if (record === undefined || !isOurs(record, this.#tower.stateFolder)) return;
    if (this.part.runsOurCode && record.codeVersion !== this.#tower.codeVersion) {
      this.#tower.log.info({ part: this.part.name, pid: record.pid }, 'replaced: the code has changed');
      await endPart(this.#tower.stateFolder, record);
      return;
    }
    this.#record = record;
    this.#logStart = sizeOf(this.#log);
    this.#tower.log.info({ part: this.part.name, pid: record.pid }, 'adopted');
    this.#enter('starting');
  }

  async #start(): Promise<void> {
    const { part } = this;
    await this.#tower.serving(part.needs);
    if (this.#ending) return;
    this.#enter('starting');
    await endLeftovers(this.#tower.stateFolder, part.name);
    await part.clear?.();
    const { command, args, env, ...place } = await part.prepare();
    if (this.#ending) return;
    const output = openLog(this.#log);
    this.#logStart = sizeOf(this.#log);
    this.#exit = undefined;
    this.#served = false;
    try {
      const child = spawn(command, args, {
        ...place,
        env: { ...env, [markVariable]: markOf(this.#tower.stateFolder, part.name) },
        detached: true,
        stdio: ['ignore', output, output],
      });
      child.once('error', (error) => (this.#exit = error.message));
      child.once(
        'exit',
        (code, signal) => (this.#exit = signal ? `ended by ${signal}` : `exit code ${code}`),
      );
      child.unref();
      const identity = child.pid === undefined ? undefined : identify(child.pid);
      if (identity === undefined) {
        await sleep(0); // lets the 'error' or 'exit' event say why
        throw new Error(this.#death());
      }
      this.#record = {
        ...identity,
        folder: this.#tower.stateFolder,
        name: part.name,
        needs: part.needs,
        stop: part.stop,
        codeVersion: this.#tower.codeVersion,
        since: new Date().toISOString(),
      };
      writeJson(this.#file, this.#record);
      this.#tower.log.info({ part: part.name, pid: identity.pid }, 'started');
      this.#tower.changed();
    } finally {
      closeSync(output);
    }
  }

  #death(): string {
    // Killed from outside, a process does not say why: its last line would only mislead.
    const errorsOnly = this.#exit?.includes('SIGKILL') ?? false;
    const said = lastWords(this.#log, this.#logStart, { hadWorked: this.#served, errorsOnly });
    return [`${this.part.name} ${this.#exit ?? 'ended'}`, said].filter(Boolean).join(': ');
  }

  async #probe(record: PartRecord): Promise<string> {
    return Promise.race([
      this.part.health(record, Date.parse(record.since)).catch(() => 'silent'),
      sleep(probeLimitMs, 'silent', { ref: false }),
    ]);
  }

  async #untilServing(): Promise<void> {
    const record = this.#record;
    if (record === undefined) return;
    const deadline = performance.now() + startLimitMs;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
      if (this.#ending) return;
      const health = await this.#probe(record);
      if (!isSame(record)) {
        await sleep(20);
        throw new Error(this.#death());
      }
      if (health === 'serving') break;
      if (performance.now() > deadline) {
        throw new Error(`${this.part.name} did not answer for ${startLimitMs / 1000} s: see ${this.#log}`);
      }
      await sleep(pauseMs);
    }
    await this.part.settle?.(record);
  }

  /** Returns when the process is gone, or hung and killed. */
  async #untilLost(): Promise<void> {
    const record = this.#record;
    if (record === undefined) return;
    let silentSince: number | undefined;
    let stoppedAt: number | undefined;
    let nextProbeAt = performance.now() + probeEveryMs;
    while (!this.#ending) {
      await sleep(pollMs);
      if (this.#ending) return;
      const info = processInfo(record.pid);
      if (info === undefined || info.zombie || info.startTime !== record.startTime) {
        this.#lastError = this.#death();
        this.#tower.log.error({ part: this.part.name, pid: record.pid }, this.#lastError);
        return;
      }
      stoppedAt = info.stopped ? (stoppedAt ?? performance.now()) : undefined;
      if (performance.now() >= nextProbeAt) {
        const probedAt = performance.now();
        const trouble = this.part.trouble?.();
        silentSince = (await this.#probe(record)) === 'silent' ? (silentSince ?? probedAt) : undefined;
        if (this.part.trouble?.() !== trouble) this.#tower.changed();
        nextProbeAt = performance.now() + probeEveryMs;
        rotateQuietly(this.#log);
      }
      const silentMs = performance.now() - (silentSince ?? performance.now());
      const stoppedMs = performance.now() - (stoppedAt ?? performance.now());
      if (silentMs > this.part.silentLimitMs || stoppedMs > stoppedLimitMs) {
        const why = stoppedMs > stoppedLimitMs ? 'was stopped' : 'did not answer';
        this.#lastError = `${this.part.name} ${why} for ${Math.round(Math.max(silentMs, stoppedMs) / 1000)} s and was killed`;
        this.#tower.log.error({ part: this.part.name, pid: record.pid }, this.#lastError);
        await killTrees([record]);
        return;
      }
    }
  }

  forget(): void {
    rmSync(this.#file, { force: true });
    this.#record = undefined;
    this.#enter('stopped');
  }
}
