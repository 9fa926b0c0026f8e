import type { BatchObservation, BatchRequest, Engine } from '../../src/engines/engine.ts';

/**
 * An engine for tests of what is around engines: batches lie in a map and stay as the test puts them. That real ones
 * behave so is shown by test/engines/contract.ts.
 */
export class FakeEngine implements Engine {
  readonly name: string;
  readonly lookMs = 50;
  readonly batches = new Map<string, BatchObservation>();
  readonly created: BatchRequest[] = [];
  readonly cancelled: string[] = [];
  /** What a create answers, beside the batch's id and labels; or what it fails with. */
  readonly #created: (request: BatchRequest) => Partial<BatchObservation>;

  constructor(
    name: string,
    created: (request: BatchRequest) => Partial<BatchObservation> = () => ({ state: 'SUCCEEDED' }),
  ) {
    this.name = name;
    this.#created = created;
  }

  /** A batch that somebody sent before. */
  holds(batchId: string, labels: Record<string, string>, state: BatchObservation['state'] = 'RUNNING'): void {
    this.batches.set(batchId, { batchId, state, labels });
  }

  async look(batchId: string): Promise<BatchObservation | undefined> {
    return this.batches.get(batchId);
  }

  async create(request: BatchRequest): Promise<BatchObservation> {
    const { batchId, labels } = request;
    const seen = { batchId, state: 'RUNNING' as const, labels, ...this.#created(request) };
    this.created.push(request);
    this.batches.set(batchId, seen);
    return seen;
  }

  async lookForChange(batchId: string): Promise<BatchObservation | undefined> {
    return this.batches.get(batchId);
  }

  async cancel(batchId: string): Promise<BatchObservation | undefined> {
    const before = this.batches.get(batchId);
    if (before === undefined) return undefined;
    this.cancelled.push(batchId);
    const seen: BatchObservation = { ...before, state: 'CANCELLED' };
    this.batches.set(batchId, seen);
    return seen;
  }

  async listOpen(): Promise<BatchObservation[]> {
    return [...this.batches.values()].filter(({ state }) => /^(PENDING|RUNNING|CANCELLING)$/.test(state));
  }

  async close(): Promise<void> {}
}
