import { codes, Refusal } from './api.ts';

/** `lost answer`: the work is done, and then the connection is. */
export type Fault = { code: number; message?: string; times?: number } | 'hang' | 'lost answer';

/** What goes wrong next, by method: `CreateBatch`, `GetBatch`, `CancelOperation`, … and `AccessSecretVersion`. */
export class Faults {
  /** How often each method was called, faults included. */
  readonly calls: Record<string, number> = {};
  readonly #next = new Map<string, Fault[]>();

  next(method: string, fault: Fault): void {
    const times = typeof fault === 'string' ? 1 : (fault.times ?? 1);
    this.#next.set(method, [...(this.#next.get(method) ?? []), ...Array<Fault>(times).fill(fault)]);
  }

  clear(): void {
    this.#next.clear();
  }

  /** Does the work, or what was asked to go wrong instead. */
  async answer<T>(method: string, work: () => T | Promise<T>): Promise<T> {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
    const fault = this.#next.get(method)?.shift();
    if (fault === undefined) return work();
    if (fault === 'hang') return new Promise(() => undefined);
    if (fault === 'lost answer') {
      await work();
      throw new Refusal(codes.UNAVAILABLE, `${method}: the connection was lost`);
    }
    throw new Refusal(fault.code, fault.message ?? `${method}: as asked for`);
  }
}
