/** What decides whose turn it is. */
export interface Queued {
  priority: number;
}

/** Waiting batches: lower priority number first, among equals the one that came first. */
export class Queue<T extends Queued> {
  readonly #waiting: T[] = [];

  get waiting(): readonly T[] {
    return this.#waiting;
  }

  add(one: T): void {
    const behind = this.#waiting.findIndex((other) => other.priority > one.priority);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, one);
  }

  /** Takes out the first that may start now. */
  take(mayStart: (one: T) => boolean): T | undefined {
    const index = this.#waiting.findIndex(mayStart);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  remove(one: T): boolean {
    const index = this.#waiting.indexOf(one);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }
}
