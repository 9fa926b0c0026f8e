import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDays } from '../src/planning/days.ts';
import type { Day } from '../src/planning/days.ts';
import { descendantsOf, processInfo } from '../src/stack/processes.ts';
import { startTestDataproc } from '../test/support/dataproc.ts';
import type { TestDataproc } from '../test/support/dataproc.ts';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { record } from './results.ts';

const commodities = ['ONE', 'TWO', 'THREE', 'FOUR'];
const batches = 200;
const range = { start: '2024-01-01', end: '2024-06-28' };
const watchMs = 90_000;
const targets = { peakMb: 250, cpuShare: 0.2 };

/**
 * One worker, as the stack starts it, that watches 200 remote batches at the pace of production: four backfills with 50
 * chunks of a date in flight, since one run may have no more than 64. Nothing runs on the other side, so that all are
 * still RUNNING at the end.
 */
export async function run(): Promise<void> {
  const dataproc = await startTestDataproc({ jobs: { runningMs: 60 * 60_000 }, pendingMs: 1_000 });
  // Prices and models are made here; only the backfills go to the other side.
  const rig = await startRig({ ...dataproc.service.environment, ENABLE_DATAPROC_SERVERLESS: 'false' });
  try {
    await importPrices(rig);
    for (const commodity of commodities) await done(rig, ['run', 'train-models', ...optionsOf(commodity)]);
    const before = workerOf(rig);
    const inFlight = String(batches / commodities.length);
    const concurrency = ['--chunk', '1', '--concurrency', inFlight, '--paths', '1', '--engine', 'dataproc'];
    const followers = commodities.map((commodity) =>
      rig.begin('run', 'backfill', ...optionsOf(commodity), ...concurrency),
    );
    const { seconds, peakMb } = await untilAllRun(rig);
    // Ctrl-C of a person who watches: the runs go on, and nothing but the worker is left.
    for (const { child } of followers) child.kill('SIGINT');
    await Promise.all(followers.map(({ end }) => end));
    record({
      name: 'remote batches, sent and seen running',
      size: sizeOf(),
      seconds,
      cpuSeconds: workerOf(rig).cpuSeconds - before.cpuSeconds,
      peakMb: { largest: peakMb, all: peakMb },
      stages: { 'MB before': before.mb, load: loadavg()[0]! },
    });
    await measureWatch(rig, dataproc, peakMb);
  } finally {
    await rig.takeDown();
    await dataproc.stop();
  }
}

async function importPrices(rig: StackRig): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  try {
    const lines = commodities.flatMap((commodity) =>
      weekdays('2018-01-01', '2024-07-31').map(
        (day, number) => `${day},${commodity},${(60 + 5 * Math.sin(number / 9)).toFixed(2)}`,
      ),
    );
    const file = join(folder, 'bench.csv');
    writeFileSync(file, `${['date,commodity,close', ...lines].join('\n')}\n`);
    await done(rig, ['import', 'prices', file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function weekdays(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day: Day = first; day <= last; day = addDays(day, 1)) {
    if (![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())) days.push(day);
  }
  return days;
}

function optionsOf(commodity: string): string[] {
  return ['--commodity', commodity, '--models', 'naive', '--start', range.start, '--end', range.end];
}

async function done(rig: StackRig, args: string[]): Promise<void> {
  const { exitCode, stderr, result } = await rig.begin(...args).end;
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}${JSON.stringify(result)}`);
}

async function untilAllRun(rig: StackRig): Promise<{ seconds: number; peakMb: number }> {
  const started = performance.now();
  let peakMb = 0;
  for (;;) {
    const { rows } = await rig.database.query<{ state: string; count: number }>(
      `select state, count(*)::integer as count from batches where engine = 'dataproc' group by 1`,
    );
    peakMb = Math.max(peakMb, workerOf(rig).mb);
    const seconds = (performance.now() - started) / 1000;
    if (rows.find(({ state }) => state === 'RUNNING')?.count === batches) return { seconds, peakMb };
    if (seconds > 300) throw new Error(`not all of them run: ${JSON.stringify(rows)}`);
    await sleep(200);
  }
}

async function measureWatch(rig: StackRig, { service }: TestDataproc, peakBefore: number): Promise<void> {
  const statements = async (): Promise<number> => {
    const { rows } = await rig.database.query<{ count: number }>(
      `select xact_commit as count from pg_stat_database where datname = current_database()`,
    );
    return rows[0]!.count;
  };
  const writes = async (): Promise<number> => {
    const { rows } = await rig.database.query<{ count: number }>(
      `select n_tup_upd as count from pg_stat_user_tables where relname = 'batches'`,
    );
    return rows[0]!.count;
  };
  const counts = async () => ({
    looks: service.faults.calls['GetBatch'] ?? 0,
    statements: await statements(),
    writes: await writes(),
  });
  const before = { ...(await counts()), ...workerOf(rig) };
  const started = performance.now();
  const sizes: number[] = [];
  for (let next = 1; next * 500 <= watchMs; next += 1) {
    await sleep(Math.max(0, started + next * 500 - performance.now()));
    sizes.push(workerOf(rig).mb);
  }
  const after = { ...(await counts()), ...workerOf(rig) };
  const seconds = (performance.now() - started) / 1000;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const median = sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)]!;
  const perSecond = (name: 'looks' | 'statements' | 'writes'): number =>
    (after[name] - before[name]) / seconds;
  record({
    name: 'remote batches, CPU of watching them for a second',
    size: sizeOf(),
    seconds: cpuSeconds / seconds,
    targetSeconds: targets.cpuShare,
    cpuSeconds,
    peakMb: { largest: Math.max(peakBefore, ...sizes), all: Math.max(peakBefore, ...sizes) },
    stages: {
      'watched s': seconds,
      'MB, median': median,
      'MB, most while watching': sizes.at(-1)!,
      'MB, may be': targets.peakMb,
      'GetBatch a second': perSecond('looks'),
      'transactions a second': perSecond('statements'),
      'rows of batches written a second': perSecond('writes'),
      load: loadavg()[0]!,
    },
  });
}

function sizeOf(): string {
  return `${batches} at once, one worker`;
}

/** The worker's process with all below it. */
function workerOf(rig: StackRig): { mb: number; cpuSeconds: number } {
  const pid = rig.stack().parts.find(({ name }) => name === 'worker')?.pid ?? 0;
  const all = [processInfo(pid), ...descendantsOf(pid)].filter((info) => info !== undefined);
  return {
    mb: Math.round(all.reduce((sum, { rssBytes }) => sum + rssBytes, 0) / 2 ** 20),
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}
