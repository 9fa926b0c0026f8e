import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '../src/config.ts';
import { addDays } from '../src/planning/days.ts';
import type { Day } from '../src/planning/days.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { measure } from './load.ts';
import type { Load } from './load.ts';
import { record } from './results.ts';
import { sharedDataOrEnd } from '../test/support/shared-data.ts';

const everySize = [287, 2_872, 28_720];
/** Trading days of WTI that have prices for a backfill and all 14 days after it: more are measured on a generated series. */
const mostRealDates = 2_872;
const targets = { xgboost: 25, again: 10, fourModels: 90 };
/** Seconds of xgboost and of four models. */
const sinkTargets = { postgres: [20, 70], delta: [15, 45] };
const fourModels = ['naive', 'random_walk', 'xgboost', 'sarimax'];
const paths = 2_000;
const horizon = 14;
const cores = cpus().length;

/** Weekdays with prices: the largest size, a window's history before it, and the days after it. */
const generated = { commodity: 'BENCH', last: '2025-12-31', days: 28_720 + 1_500 };

/**
 * Backfills of WTI from nothing, end to end through Temporal, at the largest size that its prices allow; what they could
 * not be faster than; and how the costs of one model grow with its dates, on a generated series of 116 years of weekdays.
 */
export async function run(sizes: readonly number[] = everySize): Promise<void> {
  const folder = sharedDataOrEnd('commodity');
  const size = largestReal(sizes);
  let allCores: Measured | undefined;
  const rig = await startRig();
  try {
    if (size > 0) {
      await importPrices(rig, folder);
      await warmUp(rig, 'WTI');
      allCores = await measureXgboost(rig, size);
      await measureFourModels(rig, size);
    }
    await measureGrowth(rig, sizes);
  } finally {
    await rig.takeDown();
  }
  if (allCores) await measureOneCore(folder, size, allCores);
}

/** The same backfills into a Delta table next to PostgreSQL, on one stack. */
export async function runSinks(sizes: readonly number[] = [mostRealDates]): Promise<void> {
  const dates = largestReal(sizes);
  const rig = await startRig();
  const sinkPath = mkdtempSync(join(tmpdir(), 'sevenfold-bench-delta-'));
  const sinks: Record<string, string[]> = {
    postgres: [],
    delta: ['--sink', 'delta', '--sink-path', sinkPath],
  };
  try {
    await importPrices(rig, sharedDataOrEnd('commodity'));
    await warmUp(rig, 'WTI');
    const range = await rangeOf(rig, 'WTI', dates);
    // PostgreSQL's own rows are what COPY alone is measured with.
    await backfill(rig, range, ['xgboost'], paths);
    const limits = await measureLimits(rig, range.commodity);
    for (const models of [['xgboost'], fourModels]) {
      for (const [sink, flags] of Object.entries(sinks)) {
        await forget(rig);
        rmSync(sinkPath, { recursive: true, force: true });
        const measured = await measureBackfill(rig, range, models, flags);
        const one = models.length === 1;
        record({
          ...described(measured),
          name: `sinks ${sink}, ${one ? 'xgboost' : 'four models'}, from nothing`,
          size: sizeOf(dates),
          ...targetAt(dates, sinkTargets[sink as keyof typeof sinkTargets][one ? 0 : 1]!),
          rows: measured.rows,
          limit:
            sink === 'delta'
              ? {
                  what: 'drawing and Parquet alone, 2 processes',
                  seconds: limits.parquetSeconds * models.length,
                }
              : { what: 'plain COPY of the same rows', seconds: limits.copySeconds * models.length },
        });
      }
    }
  } finally {
    await rig.takeDown();
    rmSync(sinkPath, { recursive: true, force: true });
  }
}

/** From nothing and again, then what drawing and placing the same rows take alone. */
async function measureXgboost(rig: StackRig, dates: number): Promise<Measured> {
  const range = await rangeOf(rig, 'WTI', dates);
  await forget(rig);
  const first = await measureBackfill(rig, range, ['xgboost']);
  const again = await measureBackfill(rig, range, ['xgboost']);
  const limits = await measureLimits(rig, range.commodity);
  const common = { size: sizeOf(dates), rows: first.rows };
  record({
    ...common,
    ...described(first),
    name: 'backfill xgboost, from nothing',
    ...targetAt(dates, targets.xgboost),
    limit: { what: 'plain COPY of the same rows', seconds: limits.copySeconds },
  });
  record({
    ...common,
    name: 'backfill xgboost, its inference',
    seconds: first.stages['infer']!,
    stages: first.tasks,
    cpuSeconds: first.tasks['cpu'] ?? 0,
    limit: {
      what: `plain COPY, and drawing on ${cores} cores`,
      seconds: limits.copySeconds + limits.drawCpuSeconds / cores,
    },
  });
  record({
    ...common,
    ...described(again),
    name: 'backfill xgboost, again',
    ...targetAt(dates, targets.again),
  });
  record({ ...common, name: 'backfill limit: plain COPY from 2 processes', seconds: limits.copySeconds });
  record({
    ...common,
    name: 'backfill limit: drawing alone, one process',
    seconds: limits.drawCpuSeconds,
    cpuSeconds: limits.drawCpuSeconds,
  });
  return first;
}

async function measureFourModels(rig: StackRig, dates: number): Promise<void> {
  const range = await rangeOf(rig, 'WTI', dates);
  await forget(rig);
  const measured = await measureBackfill(rig, range, fourModels);
  record({
    ...described(measured),
    name: 'backfill four models, from nothing',
    size: sizeOf(dates),
    ...targetAt(dates, targets.fourModels),
    rows: measured.rows,
  });
}

/** One model on one series, so that nothing but the number of dates differs. */
async function measureGrowth(rig: StackRig, sizes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  try {
    const file = join(folder, 'bench.csv');
    writeFileSync(file, generatedPrices());
    await importPrices(rig, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
  await warmUp(rig, generated.commodity, 'naive');
  for (const dates of sizes) {
    const range = await rangeOf(rig, generated.commodity, dates);
    await forget(rig);
    const measured = await measureBackfill(rig, range, ['naive']);
    record({
      ...described(measured),
      name: 'backfill naive, generated series',
      size: sizeOf(dates),
      rows: measured.rows,
    });
  }
}

/** The database keeps all the cores; Spark has one. */
async function measureOneCore(folder: string, dates: number, allCores: Measured): Promise<void> {
  const rig = await startRig({ SPARK_LOCAL_CORES: '1' });
  try {
    await importPrices(rig, folder);
    await warmUp(rig, 'WTI');
    const range = await rangeOf(rig, 'WTI', dates);
    await forget(rig);
    const measured = await measureBackfill(rig, range, ['xgboost']);
    record({
      ...described(measured),
      name: 'backfill xgboost, from nothing, local[1]',
      size: sizeOf(dates),
      rows: measured.rows,
      limit: { what: `local[${cores}]`, seconds: allCores.seconds },
    });
  } finally {
    await rig.takeDown();
  }
}

interface Range {
  commodity: string;
  start: Day;
  end: Day;
  dates: number;
}

/** The newest trading days of which all the days ahead are known. */
async function rangeOf({ database }: StackRig, commodity: string, dates: number): Promise<Range> {
  const { rows } = await database.query<{ start: Day; end: Day; dates: number }>(
    `select min(date) as start, max(date) as end, count(*)::integer as dates
       from (select distinct date from prices where commodity = $1 and is_trading_day
              order by date desc offset $2 limit $3) d`,
    [commodity, horizon - 1, dates],
  );
  const range = { commodity, ...rows[0]! };
  if (range.dates !== dates) throw new Error(`${commodity} has ${range.dates} such days, not ${dates}.`);
  return range;
}

interface Measured {
  seconds: number;
  /** One after the other; they add up to the seconds. */
  stages: Record<string, number>;
  /** Seconds by stage, summed over all tasks of the inference. */
  tasks: Record<string, number>;
  load: Load;
  rows: number;
}

/** A backfill as a person starts it; everything due must be there afterwards. */
async function measureBackfill(
  rig: StackRig,
  range: Range,
  models: string[],
  flags: string[] = [],
): Promise<Measured> {
  const { supervisor, codeVersion } = rig.stack();
  const {
    result: runId,
    seconds,
    load,
  } = await measure(rig, () => backfill(rig, range, models, paths, flags));
  const after = rig.stack();
  if (after.supervisor?.pid !== supervisor?.pid || after.codeVersion !== codeVersion) {
    throw new Error(
      'the stack was started again in the middle of a measurement, which happens when its code is edited: measure a clone',
    );
  }
  const rows = range.dates * paths * models.length;
  // A run is complete when its sink was counted; what it holds is noted there by date.
  const { rows: stored } = await rig.database.query<{ found: number }>(
    flags.length > 0
      ? `select sum(paths)::double precision as found from forecast_metadata where commodity = $1`
      : `select count(*)::double precision as found from distributions where commodity = $1 and path_id > 0`,
    [range.commodity],
  );
  if (stored[0]!.found !== rows) throw new Error(`${stored[0]!.found} rows of paths are there, not ${rows}.`);
  return { seconds, load, rows, ...(await stagesOf(rig, runId, seconds)) };
}

async function backfill(
  rig: StackRig,
  range: Range,
  models: string[],
  pathsADate: number,
  flags: string[] = [],
): Promise<string> {
  const { end } = rig.begin(
    ...['run', 'backfill', '--commodity', range.commodity, '--models', ...models],
    ...['--start', range.start, '--end', range.end, '--paths', String(pathsADate), ...flags],
  );
  const { exitCode, result, stderr } = await end;
  if (exitCode !== 0 || result.status !== 'complete') {
    throw new Error(`backfill of ${models.join(', ')}: ${stderr}${JSON.stringify(result)}`);
  }
  return result.runId!;
}

/**
 * `train` begins with the claim and ends when all models are seen to be there, `infer` with the last commit of a date,
 * `verify` with the verdict on all rows. `around` is the command line, its start of the run and the run's last words.
 */
async function stagesOf(
  { database }: StackRig,
  runId: string,
  seconds: number,
): Promise<Pick<Measured, 'stages' | 'tasks'>> {
  const { rows: marks } = await database.query<{ stage: string; at: number }>(
    `select stage, extract(epoch from at - r.claimed_at)::float8 as at
       from runs r,
            lateral (select case unit when 'infer' then 'verify' else unit end as stage, finished_at as at
                       from units where run_id = r.run_id and kind = 'phase'
                     union all
                     select 'infer', max(committed_at) from units where run_id = r.run_id and kind = 'date') m
      where r.run_id = $1 and at > r.claimed_at order by at`,
    [runId],
  );
  const stages: Record<string, number> = {};
  let before = 0;
  for (const { stage, at } of marks) {
    stages[stage] = at - before;
    before = at;
  }
  stages['around'] = seconds - before;
  const { rows: tasks } = await database.query<{ stage: string; seconds: number }>(
    `select t.key as stage, sum(t.value::float8) as seconds
       from runs r join batches b using (run_id), jsonb_each_text(b.result -> 'seconds') t
      where run_id = $1 and b.submitted_at >= r.claimed_at
        and b.job = 'forecast_infer' and b.state = 'SUCCEEDED'
      group by t.key`,
    [runId],
  );
  return { stages, tasks: Object.fromEntries(tasks.map(({ stage, seconds }) => [stage, seconds])) };
}

/** Forecasts, models and what the ledger says of them go, so that a backfill begins from nothing and as if it were the first. */
async function forget({ database }: StackRig): Promise<void> {
  await database.query(
    `truncate distributions, point_forecasts, forecast_quantiles, forecast_metadata, forecast_actuals,
              forecast_evaluation, fitted_models, path_fingerprints`,
  );
  await database.query(`delete from runs where kind = 'forecastBackfill'`);
  // What the last measurement left to be written must not be written during the next one.
  await database.query('checkpoint');
}

/** The JVM, its Python and the libraries of the models are in memory after this. */
async function warmUp(rig: StackRig, commodity: string, ...models: string[]): Promise<void> {
  const range = await rangeOf(rig, commodity, 120);
  await backfill(rig, range, models.length > 0 ? models : ['xgboost'], 300);
}

async function importPrices(rig: StackRig, path: string): Promise<void> {
  const { exitCode, stderr, result } = await rig.begin('import', 'prices', path).end;
  if (exitCode !== 0) throw new Error(`import of ${path}: ${stderr}${JSON.stringify(result)}`);
}

interface Limits {
  copySeconds: number;
  parquetSeconds: number;
  drawCpuSeconds: number;
}

async function measureLimits(rig: StackRig, commodity: string): Promise<Limits> {
  const { checkout, stateFolder } = readConfig();
  const { stdout } = await promisify(execFile)(
    locateToolchain(stateFolder).python,
    [join(checkout, 'bench/backfill_limits.py'), rig.stack().databaseUrl, commodity, 'xgboost'],
    // As the tasks have it: one thread a process.
    { env: { ...rig.env, PYTHONPATH: join(checkout, 'spark'), OMP_NUM_THREADS: '1' } },
  );
  return JSON.parse(stdout) as Limits;
}

function described({ seconds, stages, tasks, load }: Measured): Load & {
  seconds: number;
  stages: Record<string, number>;
} {
  const named = Object.entries(tasks).map(([stage, value]) => [`infer, tasks' ${stage}`, value] as const);
  return { seconds, stages: { ...stages, ...Object.fromEntries(named) }, ...load };
}

function targetAt(dates: number, targetSeconds: number): { targetSeconds?: number } {
  return dates === mostRealDates ? { targetSeconds } : {};
}

function largestReal(sizes: readonly number[]): number {
  return Math.max(0, ...sizes.filter((dates) => dates <= mostRealDates));
}

function sizeOf(dates: number): string {
  return `${dates.toLocaleString('en-US')} dates × ${paths.toLocaleString('en-US')} paths`;
}

/** A price that wanders around 60, two decimals, the same every time. */
function generatedPrices(): string {
  const days: Day[] = [];
  for (let day: Day = generated.last; days.length < generated.days; day = addDays(day, -1)) {
    if (![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())) days.push(day);
  }
  let state = 1;
  let close = 60;
  const lines = days.reverse().map((day) => {
    // Lehmer's generator: exact in doubles.
    state = (state * 48_271) % 2_147_483_647;
    close += 0.01 * (60 - close) + 2 * (state / 2_147_483_647 - 0.5);
    return `${day},${generated.commodity},${close.toFixed(2)}`;
  });
  return ['date,commodity,close', ...lines].join('\n') + '\n';
}
