import { codes, Refusal } from './api.ts';

/** A driver and its executors, as the properties of a batch ask for them. */
export interface Node {
  cores: number;
  /** Overhead included. */
  gb: number;
  diskGb: number;
}

/** The published defaults: a driver and two executors of 4 cores and 16 GB, 100 GB of shuffle storage a core. */
const defaults = { cores: 4, gb: 16, executors: 2, diskGbPerCore: 100 };
const leastOverheadGb = 0.384;

/** Refuses what the service has no machine for: it is not the client's word that is to be believed. */
export function nodesOf(properties: Record<string, string>): Node[] {
  const node = (role: 'driver' | 'executor'): Node => {
    const cores = Number(properties[`spark.${role}.cores`] ?? defaults.cores);
    if (![4, 8, 16].includes(cores)) refuse(`spark.${role}.cores must be 4, 8 or 16`);
    const memory = properties[`spark.${role}.memory`];
    const overhead = properties[`spark.${role}.memoryOverhead`];
    const heapGb = memory === undefined ? undefined : gigabytes(`spark.${role}.memory`, memory);
    const gb =
      heapGb === undefined
        ? (defaults.gb / defaults.cores) * cores
        : heapGb +
          (overhead === undefined
            ? Math.max(leastOverheadGb, heapGb / 10)
            : gigabytes(`spark.${role}.memoryOverhead`, overhead));
    const mbPerCore = (gb * 1024) / cores;
    if (mbPerCore < 1_024 || mbPerCore > 7_424) {
      refuse(`spark.${role}.memory and its overhead must be 1024m to 7424m for each of its ${cores} cores`);
    }
    const disk = properties[`spark.dataproc.${role}.disk.size`];
    return {
      cores,
      gb,
      diskGb: disk === undefined ? defaults.diskGbPerCore * cores : gigabytes('disk.size', disk),
    };
  };
  const executors = Number(
    properties['spark.dynamicAllocation.initialExecutors'] ??
      properties['spark.executor.instances'] ??
      defaults.executors,
  );
  if (!Number.isInteger(executors) || executors < 2 || executors > 2_000) {
    refuse('spark.executor.instances must be 2 to 2000');
  }
  return [node('driver'), ...Array<Node>(executors).fill(node('executor'))];
}

/** As the real service words it: text, because a number of 64 bits is more than JSON can hold. */
export function usageOf(nodes: readonly Node[], seconds: number) {
  const charged = Math.max(60, seconds);
  const dcu = nodes.reduce((sum, node) => sum + dcuOf(node), 0);
  const diskGb = nodes.reduce((sum, node) => sum + node.diskGb, 0);
  return {
    milliDcuSeconds: String(Math.round(dcu * 1000 * charged)),
    shuffleStorageGbSeconds: String(Math.round(diskGb * charged)),
  };
}

function dcuOf({ cores, gb }: Node): number {
  return 0.6 * cores + 0.1 * Math.min(gb, 8 * cores) + 0.2 * Math.max(0, gb - 8 * cores);
}

function gigabytes(name: string, text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([mgt])i?b?$/i.exec(text) ?? [];
  if (amount === undefined) refuse(`${name} is no size: ${text}`);
  return Number(amount) * { m: 1 / 1024, g: 1, t: 1024 }[unit.toLowerCase() as 'm' | 'g' | 't'];
}

function refuse(why: string): never {
  throw new Refusal(codes.INVALID_ARGUMENT, why);
}
