import { Failure } from '../failures.ts';
import { withOverhead } from './executors.ts';
import type { Resources } from './executors.ts';

/** What Dataproc Serverless charges, as it stands in config/cost-rates.json. */
export interface Rates {
  /** The price list's region. */
  name: string;
  /** The day on which they were looked up. */
  date: string;
  dcuUsdPerHour: number;
  premiumDcuUsdPerHour: number;
  shuffleUsdPerGbMonth: number;
  acceleratorUsdPerHour: number;
}

export interface Cost {
  usd: number;
  seconds: number;
  dcuHours?: number;
  gbMonths?: number;
  coreSeconds?: number;
  gbSeconds?: number;
  /** Name and date of the rates. */
  rates?: string;
  estimator: 'dcu' | 'flat' | 'free';
}

/** The service's numbers of 64 bits arrive as text, and what is 0 not at all. */
type Counted = string | number | null | undefined;

export interface MeteredUsage {
  milliDcuSeconds?: Counted;
  shuffleStorageGbSeconds?: Counted;
  milliAcceleratorSeconds?: Counted;
}

const milliSecondsPerHour = 3_600_000;
const secondsPerMonth = 3_600 * 24 * 30;
/** The first minute is charged whole. */
export const leastSeconds = 60;
/** The seed's own flat rate. */
const flatUsdPerExecutorHour = 0.1;

/** From what the service says was used, once the batch has ended. */
export function actualCost(usage: MeteredUsage, rates: Rates, seconds: number): Cost {
  const dcuHours = counted('milliDcuSeconds', usage.milliDcuSeconds) / milliSecondsPerHour;
  const gbMonths = counted('shuffleStorageGbSeconds', usage.shuffleStorageGbSeconds) / secondsPerMonth;
  const acceleratorHours =
    counted('milliAcceleratorSeconds', usage.milliAcceleratorSeconds) / milliSecondsPerHour;
  return {
    usd:
      dcuHours * rates.dcuUsdPerHour +
      gbMonths * rates.shuffleUsdPerGbMonth +
      acceleratorHours * rates.acceleratorUsdPerHour,
    seconds,
    dcuHours,
    gbMonths,
    rates: ratesName(rates),
    estimator: 'dcu',
  };
}

/** Before a batch is sent, by the service's published formula. Its shuffle storage cannot be known, and is cents. */
export function estimateCost(resources: Resources, seconds: number, rates: Rates): Cost {
  const charged = Math.max(leastSeconds, seconds);
  const dcuHours = (batchDcu(resources) * charged) / 3_600;
  return {
    usd: dcuHours * rates.dcuUsdPerHour,
    seconds: charged,
    dcuHours,
    rates: ratesName(rates),
    estimator: 'dcu',
  };
}

/** The seed's estimate, 0.10 USD an executor and hour: only to compare with. */
export function flatEstimate({ executors }: Pick<Resources, 'executors'>, seconds: number): Cost {
  return { usd: (executors * flatUsdPerExecutorHour * seconds) / 3_600, seconds, estimator: 'flat' };
}

/** Own machines: nobody bills them, so only core-seconds and GB-seconds are counted. */
export function freeCost({ cores, gb, seconds }: { cores: number; gb: number; seconds: number }): Cost {
  return { usd: 0, seconds, coreSeconds: cores * seconds, gbSeconds: gb * seconds, estimator: 'free' };
}

/** Data compute units of a driver and its executors, memory with its overhead. */
export function batchDcu(resources: Resources): number {
  const { executors, executorCores, executorMemoryGb, driverCores, driverMemoryGb } = resources;
  return (
    nodeDcu(driverCores, withOverhead(driverMemoryGb)) +
    executors * nodeDcu(executorCores, withOverhead(executorMemoryGb))
  );
}

/** DCU of one machine; `gb` is all its memory. */
export function nodeDcu(cores: number, gb: number): number {
  const cheap = Math.min(gb, 8 * cores);
  return 0.6 * cores + 0.1 * cheap + 0.2 * (gb - cheap);
}

function ratesName({ name, date }: Rates): string {
  return `${name} ${date}`;
}

function counted(name: string, value: Counted): number {
  const number = value == null ? 0 : Number(value);
  if (value === '' || !Number.isFinite(number) || number < 0) {
    throw new Failure('InvalidInput', `Usage ${name} is "${value}", but must be a number of at least 0.`);
  }
  return number;
}
