import { statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import type { BatchObservation, BatchRequest, Engine } from '../src/engines/engine.ts';
import { isTerminal } from '../src/engines/engine.ts';
import { createLocalEngine } from '../src/engines/local/client.ts';
import { createStandaloneEngine } from '../src/engines/standalone/engine.ts';
import { probe } from '../test/engines/support.ts';
import { forecastChecksum, forgetForecasts } from '../test/support/backfill-rig.ts';
import { startTestDataproc } from '../test/support/dataproc.ts';
import type { TestDataproc } from '../test/support/dataproc.ts';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { startSparkCluster } from '../test/support/spark-cluster.ts';
import type { SparkCluster } from '../test/support/spark-cluster.ts';
import { record } from './results.ts';
import { sharedDataOrEnd } from '../test/support/shared-data.ts';

const names = ['local', 'standalone', 'dataproc'] as const;
/** 300 trading days of WTI. */
const range = { first: '2019-01-02', last: '2020-03-13', dates: 300, paths: 2_000 };
const rows = range.dates * range.paths * 2;
const nothings = 12;
const oursSeconds = 0.2;

/**
 * What each engine adds to a batch that does nothing; then the same day and the same backfill on every engine: the seconds,
 * where they went, and whether the rows are the same.
 */
export async function run(): Promise<void> {
  const { checkout } = readConfig();
  const panel45 = sharedDataOrEnd('pools/panel45');
  const cluster = await startSparkCluster({ memory: '5g' });
  const dataproc = await startTestDataproc();
  const rig = await startRig({
    ...dataproc.service.environment,
    ENABLE_DATAPROC_SERVERLESS: 'false',
    SPARK_MASTER_URL: cluster.masterUrl,
    SPARK_MASTER_UI_URL: cluster.masterUi,
    PYTHONPATH: join(checkout, 'spark/tests/jobs'),
  });
  try {
    dataproc.service.keepSecret(rig.stack().databaseUrl);
    await measureNothing(rig, cluster, dataproc);
    await measureDay(rig, panel45);
    await measureBackfill(rig, sharedDataOrEnd('commodity'));
  } finally {
    await rig.takeDown();
    await dataproc.stop();
    await cluster.stop();
  }
}

/** Parts of the way of a batch that does nothing, in seconds. */
interface Way {
  /** The call that creates it. */
  create: number;
  /** From that call's start until the job's first own line ran. */
  'to the job': number;
  /** From the job's outcome to the engine's verdict: processes ended, log kept, records written. */
  'after the job': number;
  /** From the verdict until who waits for it knows. */
  detection: number;
  total: number;
}

async function measureNothing(rig: StackRig, cluster: SparkCluster, dataproc: TestDataproc): Promise<void> {
  const local = createLocalEngine({ socketPath: rig.stack().sparkSocket });
  const standalone = createStandaloneEngine(local, {
    master: cluster.masterUrl,
    masterUi: cluster.masterUi,
    executorMemory: '1g',
  });
  const remote = await dataproc.engine({ pollMs: { first: 2_000, longest: 30_000 } });
  const impatient = await dataproc.engine({ pollMs: { first: 10, longest: 10 } });
  try {
    const here = (batchId: string) => ({
      began: modified(join(rig.stateFolder, 'batches', batchId, 'starts')),
      ended: modified(join(rig.stateFolder, 'batches', batchId, 'outcome.json')),
    });
    const there = (batchId: string) => {
      const driver = dataproc.service.started.find((one) => one.batchId === batchId);
      return { began: driver!.startedAt.getTime(), ended: driver!.endedAt!.getTime() };
    };
    await measureWays('local, warm JVM', local, { isolated: false }, here);
    await measureWays('local, isolated', local, { isolated: true }, here);
    await measureWays('standalone', standalone, { isolated: true }, here);
    await measureWays('dataproc, asked at once', impatient, { isolated: true }, there);
    await measureWays('dataproc, asked every 2 s at first', remote, { isolated: true }, there, Infinity);
  } finally {
    await Promise.all([remote.close(), impatient.close()]);
    await local.close();
  }
}

function modified(file: string): number {
  return statSync(file).mtimeMs;
}

async function measureWays(
  size: string,
  engine: Engine,
  { isolated }: { isolated: boolean },
  timesOf: (batchId: string) => { began: number; ended: number },
  targetSeconds = oursSeconds,
): Promise<void> {
  const ways: Way[] = [];
  for (let number = 0; number < nothings; number += 1) {
    const way = await oneWay(engine, isolated, timesOf);
    // The first ones find nothing warm, and remote ones no code in the bucket.
    if (number >= 2) ways.push(way);
  }
  const median = (part: keyof Way): number =>
    ways.map((way) => way[part]).sort((a, b) => a - b)[Math.floor(ways.length / 2)]!;
  const stages = Object.fromEntries(
    (Object.keys(ways[0]!) as (keyof Way)[]).map((part) => [part, median(part)]),
  );
  record({
    name: 'engines, what is ours of a batch that does nothing',
    size: `${size}, median of ${ways.length}`,
    seconds: median('create') + median('after the job') + median('detection'),
    ...(Number.isFinite(targetSeconds) && { targetSeconds }),
    stages: { ...stages, load: loadavg()[0]! },
  });
}

async function oneWay(
  engine: Engine,
  isolated: boolean,
  timesOf: (batchId: string) => { began: number; ended: number },
): Promise<Way> {
  const request = nothing(isolated);
  const { batchId } = request;
  const started = Date.now();
  let seen: BatchObservation | undefined = await engine.create(request, { DATABASE_URL: '' });
  const created = Date.now();
  while (seen !== undefined && !isTerminal(seen.state)) {
    seen = await engine.lookForChange(batchId, seen.state, engine.lookMs);
  }
  const known = Date.now();
  if (seen?.state !== 'SUCCEEDED') throw new Error(`${engine.name}: ${seen?.state} ${seen?.message}`);
  const { began, ended } = timesOf(batchId);
  const finished = Date.parse(seen.finishedAt!);
  return {
    create: (created - started) / 1000,
    'to the job': (began - started) / 1000,
    'after the job': (finished - ended) / 1000,
    detection: (known - finished) / 1000,
    total: (known - started) / 1000,
  };
}

function nothing(isolated: boolean): BatchRequest {
  return probe({ do: 'answer' }, { isolated, labels: { 'managed-by': 'sevenfold', 'run-id': 'bench' } });
}

async function measureDay(rig: StackRig, panel: string): Promise<void> {
  const sums = new Map<string, string>();
  for (const engine of names) {
    const source = ['--dataset', 'files', '--path', panel];
    const { end } = rig.run('2022-02-13', ...source, '--force', '--engine', engine);
    const { seconds, runId } = await timed(end);
    sums.set(engine, await rig.checksum());
    record({
      name: 'engines, dailyPipeline',
      size: `45 pools × 400 days, ${engine}, rows ${sums.get(engine)!.slice(0, 8)}`,
      seconds,
      stages: { ...(await stagesOf(rig, runId, seconds)), load: loadavg()[0]! },
    });
  }
  refuseDifferent('day', sums);
}

async function measureBackfill(rig: StackRig, prices: string): Promise<void> {
  await timed(rig.begin('import', 'prices', prices, '--commodities', 'WTI').end);
  const sums = new Map<string, string>();
  for (const engine of names) {
    const { end } = rig.begin(
      ...['run', 'backfill', '--commodity', 'WTI', '--models', 'naive', 'xgboost'],
      ...['--paths', String(range.paths), '--start', range.first, '--end', range.last, '--engine', engine],
    );
    const { seconds, runId } = await timed(end);
    sums.set(engine, await forecastChecksum(rig.database, range.first, range.last));
    record({
      name: 'engines, backfill of naive and xgboost',
      size: `${range.dates} dates × ${range.paths} paths, ${engine}, rows ${sums.get(engine)!.slice(0, 8)}`,
      seconds,
      rows,
      stages: { ...(await stagesOf(rig, runId, seconds)), load: loadavg()[0]! },
    });
    await forgetForecasts(rig, true);
  }
  refuseDifferent('backfill', sums);
}

function refuseDifferent(what: string, sums: ReadonlyMap<string, string>): void {
  if (new Set(sums.values()).size === 1) return;
  throw new Error(`the ${what} differs by engine: ${JSON.stringify([...sums])}`);
}

async function timed(end: ReturnType<StackRig['run']>['end']): Promise<{ seconds: number; runId: string }> {
  const started = performance.now();
  const { exitCode, result, stderr } = await end;
  if (exitCode !== 0) throw new Error(`${stderr}${JSON.stringify(result)}`);
  return { seconds: (performance.now() - started) / 1000, runId: result.runId! };
}

/** By job: until it started, while it ran, until its end was known. What is left lies between the batches. */
async function stagesOf(
  { database }: StackRig,
  runId: string,
  seconds: number,
): Promise<Record<string, number>> {
  const { rows: jobs } = await database.query<Record<string, number> & { job: string }>(
    `select b.job, extract(epoch from sum(b.started_at - b.submitted_at))::float8 as waited,
            extract(epoch from sum(b.finished_at - b.started_at))::float8 as ran,
            sum(greatest(0, extract(epoch from (b.state_history -> -1 ->> 'at')::timestamptz - b.finished_at)))::float8
              as unseen,
            extract(epoch from max((b.state_history -> -1 ->> 'at')::timestamptz) - min(b.submitted_at))::float8 as whole
       from batches b join runs r using (run_id)
      where run_id = $1 and b.submitted_at >= r.claimed_at group by b.job order by min(b.submitted_at)`,
    [runId],
  );
  const stages: Record<string, number> = {};
  for (const { job, waited, ran, unseen } of jobs) {
    Object.assign(stages, { [`${job} waited`]: waited, [`${job} ran`]: ran, [`${job} unseen`]: unseen });
  }
  stages['between batches'] = seconds - jobs.reduce((sum, { whole }) => sum + whole!, 0);
  return stages;
}
