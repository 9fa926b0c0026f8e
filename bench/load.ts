import { descendantsOf, processInfo } from '../src/stack/processes.ts';
import type { StackRig } from '../test/support/rig.ts';

export interface Load {
  cpuSeconds: number;
  peakMb: { largest: number; all: number };
}

const sampleMs = 200;

/** Measures `work`, and what all processes of the stack take meanwhile, with `others` and what these start. */
export async function measure<T>(
  rig: StackRig,
  work: () => Promise<T>,
  others: readonly number[] = [],
): Promise<{ result: T; seconds: number; load: Load }> {
  const cpuOf = new Map<string, number>();
  const peakMb = { largest: 0, all: 0 };
  const sample = () => {
    const roots = rig.stack().parts.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    const infos = [...roots, ...others]
      .flatMap((pid) => [processInfo(pid), ...descendantsOf(pid)])
      .filter((info) => info !== undefined);
    let all = 0;
    for (const info of infos) {
      cpuOf.set(`${info.pid} ${info.startTime}`, info.cpuSeconds);
      peakMb.largest = Math.max(peakMb.largest, Math.round(info.rssBytes / 2 ** 20));
      all += info.rssBytes / 2 ** 20;
    }
    peakMb.all = Math.max(peakMb.all, Math.round(all));
  };
  const total = () => [...cpuOf.values()].reduce((sum, value) => sum + value, 0);
  sample();
  const before = total();
  const timer = setInterval(sample, sampleMs);
  const started = performance.now();
  try {
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    sample();
    return { result, seconds, load: { cpuSeconds: total() - before, peakMb } };
  } finally {
    clearInterval(timer);
  }
}
