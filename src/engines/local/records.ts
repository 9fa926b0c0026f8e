import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { realFolder } from '../../../setup/places.mjs';
import { writeWhole } from '../../../setup/whole-file.mjs';
import { isOurs } from '../../stack/ownership.ts';
import { isSame, type ProcessIdentity } from '../../stack/processes.ts';
import { isTerminal, type BatchObservation, type BatchRequest, type Outcome } from '../engine.ts';

/** What is kept of a batch in its `state.json`: what an engine reports about it, and what the keeper needs to end it. */
export interface BatchRecord extends BatchObservation {
  job: string;
  priority: number;
  isolated: boolean;
  submittedAt: string;
  /** The state folder that it was given to; missing in records of older versions. */
  stateFolder?: string;
  /** The process of the job, while there is one. */
  driver?: ProcessIdentity;
}

/** Shows a process that registers now that its batch has ended (spark/sevenfold_jobs/common/processes.py). */
const closedMark = 'closed';

/** A trace of Python's comes after what the JVM said last. */
const logTail = 64 * 1024;

/** The folders of all batches, one a batch: request, state, log, outcome, registered processes. */
export class BatchRecords {
  readonly #stateFolder: string;
  readonly #folder: string;
  readonly #records = new Map<string, BatchRecord>();

  /** Reads what is there. A folder without a readable state belongs to a batch that was never acknowledged: it is removed. */
  constructor(stateFolder: string) {
    this.#stateFolder = realFolder(stateFolder);
    const folder = path.join(stateFolder, 'batches');
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const batchId of readdirSync(folder)) {
      const record = readJson<BatchRecord>(path.join(folder, batchId, 'state.json'));
      if (record) this.#records.set(batchId, record);
      else rmSync(path.join(folder, batchId), { recursive: true, force: true });
    }
  }

  directory(batchId: string): string {
    return path.join(this.#folder, batchId);
  }

  get(batchId: string): BatchRecord | undefined {
    return this.#records.get(batchId);
  }

  all(): BatchRecord[] {
    return [...this.#records.values()];
  }

  create(request: BatchRequest): BatchRecord {
    const directory = this.directory(request.batchId);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeWhole(path.join(directory, 'request.json'), JSON.stringify(request));
    const record: BatchRecord = {
      batchId: request.batchId,
      state: 'PENDING',
      labels: request.labels,
      job: request.job,
      priority: request.priority,
      isolated: request.isolated,
      submittedAt: new Date().toISOString(),
      stateFolder: this.#stateFolder,
    };
    this.update(record);
    return record;
  }

  update(record: BatchRecord): void {
    this.#records.set(record.batchId, record);
    writeWhole(path.join(this.directory(record.batchId), 'state.json'), JSON.stringify(record));
  }

  outcome(batchId: string): Outcome | undefined {
    return readJson<Outcome>(path.join(this.directory(batchId), 'outcome.json'));
  }

  /** The last lines of the job's log that say something. */
  lastWords(batchId: string): string {
    try {
      const log = readFileSync(path.join(this.directory(batchId), 'driver.log'), 'utf8');
      const lines = log.split('\n').map((line) => line.trim());
      return lines
        .filter((line) => line !== '')
        .slice(-3)
        .join(' | ')
        .slice(-1_000);
    } catch {
      return '';
    }
  }

  /** Whether a JVM of its own said, in the end of its log, that it had no memory left. */
  ranOutOfMemory(batchId: string): boolean {
    try {
      const log = readFileSync(path.join(this.directory(batchId), 'driver.log'), 'utf8');
      return log.slice(-logTail).includes('java.lang.OutOfMemoryError');
    } catch {
      return false;
    }
  }

  /** From here on a process that registers ends itself. */
  closeRegistration(batchId: string): void {
    const folder = path.join(this.directory(batchId), 'pids');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path.join(folder, closedMark), '');
  }

  /**
   * Processes that belong to the batch, its driver and others, and still run. What a copied folder says of a batch that runs
   * in the original is not ours to end.
   */
  processesOf({ batchId, driver, stateFolder }: BatchRecord): ProcessIdentity[] {
    const named = [...(driver === undefined ? [] : [driver]), ...this.registered(batchId)];
    return named.filter((one) =>
      isOurs({ ...one, ...(stateFolder !== undefined && { folder: stateFolder }) }, this.#stateFolder),
    );
  }

  /** Those that are no children of the driver. */
  registered(batchId: string): ProcessIdentity[] {
    const folder = path.join(this.directory(batchId), 'pids');
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), startTime: readFileSync(path.join(folder, name), 'utf8').trim() }))
      .filter(isSame);
  }

  /** Forgets ended batches that are older than `days` or not among the newest `count`. */
  prune(days: number, count: number): void {
    const oldest = new Date(Date.now() - days * 86_400_000).toISOString();
    const ended = this.all().filter((record) => isTerminal(record.state));
    ended.sort((a, b) => (a.submittedAt < b.submittedAt ? 1 : -1));
    for (const record of ended.filter((one, index) => index >= count || one.submittedAt < oldest)) {
      this.#records.delete(record.batchId);
      rmSync(this.directory(record.batchId), { recursive: true, force: true });
    }
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
