import { setTimeout as sleep } from 'node:timers/promises';

export interface Crowd {
  /** The most that were inside at once. */
  most(): number;
  /** Goes in, waits until the crowd has once been complete (or half a minute), and a moment for one too many, and leaves. */
  pass(): Promise<void>;
}

/** Activities that wait for each other: how many are under way at once is then no question of how fast the machine is. */
export function crowd(size: number): Crowd {
  let inside = 0;
  let most = 0;
  let complete = (): void => undefined;
  const gathered = new Promise<void>((resolve) => (complete = resolve));
  return {
    most: () => most,
    async pass() {
      inside += 1;
      most = Math.max(most, inside);
      if (inside >= size) complete();
      await Promise.race([gathered, sleep(30_000, undefined, { ref: false })]);
      await sleep(30);
      inside -= 1;
    },
  };
}
