import { readFileSync } from 'node:fs';
import { processInfo } from '../../stack/processes.ts';
import type { Jvm } from './jvm.ts';

/** CPU seconds that a JVM has used so far; 0 without one. */
export function cpuSeconds(jvm: Jvm | undefined): number {
  return jvm ? (processInfo(jvm.identity.pid)?.cpuSeconds ?? 0) : 0;
}

/** Seconds to the millisecond. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** How many processes the kernel has killed for memory since it started; 0 where it does not say. */
export function kernelMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
