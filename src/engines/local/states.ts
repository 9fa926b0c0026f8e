import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { isTerminal, type BatchObservation, type BatchState } from '../engine.ts';
import type { BatchRecord, BatchRecords } from './records.ts';
import { judge, type BatchEnd } from './verdict.ts';

/** The states of all batches that a keeper knows: shown to watchers, and announced to those that wait for a change. */
export class BatchStates {
  readonly #records: BatchRecords;
  readonly #log: Logger;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(records: BatchRecords, log: Logger) {
    this.#records = records;
    this.#log = log;
  }

  look(batchId: string): BatchObservation | undefined {
    const record = this.#records.get(batchId);
    return record && observe(record);
  }

  list(): BatchObservation[] {
    return this.#records.all().map(observe);
  }

  async lookForChange(
    batchId: string,
    than: BatchState | undefined,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<BatchObservation | undefined> {
    const record = this.#records.get(batchId);
    if (record?.state === than && record && !isTerminal(record.state) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          clearTimeout(timer);
          this.#changes.off(batchId, settle);
          signal.removeEventListener('abort', settle);
          resolve();
        };
        const timer = setTimeout(settle, waitMs);
        this.#changes.on(batchId, settle);
        signal.addEventListener('abort', settle);
      });
    }
    return this.look(batchId);
  }

  set(batchId: string, change: Partial<BatchRecord>): void {
    const record = this.#records.get(batchId);
    if (record !== undefined) this.#replace({ ...record, ...change });
  }

  /** Ends a batch with the verdict on what is known of its end. */
  conclude(record: BatchRecord, end: BatchEnd): void {
    const verdict = judge(end);
    const { driver: _, ...rest } = record;
    if (this.#records.get(record.batchId) !== undefined) {
      this.#replace({ ...rest, ...verdict, finishedAt: new Date().toISOString() });
    }
    this.#log.info(
      { batchId: record.batchId, state: verdict.state, errorType: verdict.errorType },
      verdict.message,
    );
  }

  #replace(record: BatchRecord): void {
    this.#records.update(record);
    this.#changes.emit(record.batchId);
  }
}

export function observe(record: BatchRecord): BatchObservation {
  const { batchId, state, message, errorType, result, usage, labels, startedAt, finishedAt, eventLog } =
    record;
  return {
    batchId,
    state,
    labels,
    ...(message !== undefined && { message }),
    ...(errorType !== undefined && { errorType }),
    ...(result !== undefined && { result }),
    ...(usage !== undefined && { usage }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(eventLog !== undefined && { eventLog }),
  };
}
