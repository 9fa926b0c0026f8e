import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';

const folder = join(readConfig().checkout, 'bench', 'results');

export interface Measurement {
  name: string;
  size: string;
  /** Wall seconds from the request to the verdict. */
  seconds: number;
  /** What it must not exceed (`performance.md`), where there is such a line. */
  targetSeconds?: number;
  stages?: Record<string, number>;
  /** CPU time of all processes of the stack. */
  cpuSeconds?: number;
  /** The largest process and all together, while it ran. */
  peakMb?: { largest: number; all: number };
  rows?: number;
  /** A floor measured in the same run, and how far above it we are. */
  limit?: { what: string; seconds: number };
}

export function record(measurement: Measurement): void {
  mkdirSync(folder, { recursive: true });
  const line = {
    ...measurement,
    at: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    machine: `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: { node: process.version },
  };
  appendFileSync(join(folder, `${measurement.name.split(' ')[0]}.jsonl`), `${JSON.stringify(line)}\n`);
  process.stdout.write(`${row(line)}\n`);
}

export function printTable(): void {
  if (!existsSync(folder)) {
    process.stderr.write('Nothing is measured yet: npm run bench\n');
    process.exit(1);
  }
  process.stdout.write(
    '| what | size | seconds | target | CPU s | peak MB (largest / all) | rows | limit |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|---|\n');
  for (const file of readdirSync(folder).sort()) {
    // The newest line of each name and size.
    const newest = new Map<string, Measurement>();
    for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
      const measurement = JSON.parse(line) as Measurement;
      newest.set(`${measurement.name} ${measurement.size}`, measurement);
    }
    for (const measurement of newest.values()) process.stdout.write(`${row(measurement)}\n`);
  }
}

function row({ name, size, seconds, targetSeconds, cpuSeconds, peakMb, rows, limit }: Measurement): string {
  const cells = [
    name,
    size,
    seconds.toFixed(2),
    targetSeconds === undefined ? '' : `≤ ${targetSeconds}`,
    cpuSeconds?.toFixed(1) ?? '',
    peakMb ? `${peakMb.largest} / ${peakMb.all}` : '',
    rows?.toLocaleString('en-US') ?? '',
    limit ? `${limit.what}: ${limit.seconds.toFixed(2)} s, ${(seconds / limit.seconds).toFixed(1)}×` : '',
  ];
  return `| ${cells.join(' | ')} |`;
}
