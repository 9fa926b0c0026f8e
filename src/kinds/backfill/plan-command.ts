import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { yesterday } from '../../commands/option-values.ts';
import { count } from '../../commands/output.ts';
import type { Output } from '../../commands/output.ts';
import { withSession } from '../../commands/session.ts';
import { writeTable } from '../../commands/table.ts';
import type { Config } from '../../config.ts';
import { usesEmbeddedStack } from '../../connections.ts';
import type { Database } from '../../database/pool.ts';
import { effectiveEngine } from '../../objects.ts';
import { resolveRequest, withSink, withUsualSink } from './forecasts.ts';
import { addBackfillOptions, backfillLine, readBackfillOptions } from './options.ts';
import type { BackfillOptions } from './options.ts';
import { shortHistory } from './planning/dates.ts';
import { planBackfill } from './planning/plan.ts';
import type { BackfillPlan, Limit } from './planning/plan.ts';
import { sinkNames } from './planning/sink-names.ts';
import type { SinkName } from './planning/sink-names.ts';
import { checkPlan, readLogBytes, readParts, readPlanFacts, readWork, storePlan } from './plans.ts';
import type { PlanWorld } from './plans.ts';
import type { SinkPlace } from './sinks/sink.ts';

/** `plan backfill`. */
export function registerBackfillPlan(plan: Command, context: CommandContext): void {
  addBackfillOptions(
    plan
      .command('backfill')
      .description(
        'what run backfill would do: windows, dates, batches, rows, time, cost, disk and machines; ' +
          'the token makes the start refuse when the world has changed since',
      ),
  )
    .option('--json', 'print one JSON object')
    .action((options: BackfillOptions & { json?: boolean }) => planCommand(context, options));
}

async function planCommand(
  { config, out }: CommandContext,
  options: BackfillOptions & { json?: boolean },
): Promise<void> {
  const input = withUsualSink(config, readBackfillOptions(options));
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const resolved = await resolveRequest(database, config.checkout, input, yesterday());
    const world: PlanWorld = {
      ...resolved,
      request: withSink(config, config.mode, resolved.request, input),
      ...(input.redo !== undefined && { redo: input.redo }),
      ...(input.retrain && { retrain: true }),
    };
    const { request } = world;
    const nothing = shortHistory(resolved.openDays, resolved.due);
    if (nothing !== undefined) {
      process.exitCode = 1;
      const why = `Nothing can be made of ${request.start}..${request.end}: ${request.commodity} ${nothing}.`;
      if (options.json) out.json({ request, nothing: why });
      else out.line(why);
      return;
    }
    const work = await readWork({ database, config }, world);
    const { sparkCores, rates } = config;
    const place = request.sink ?? { name: sinkNames[0] };
    const plans: SinkPlan[] = [];
    for (const sink of sinkNames) {
      const parts = await readParts(database, {
        engine: effectiveEngine(config, config.mode),
        cores: sparkCores,
        sink,
        leaves: request.models.map(({ version }) => ({ commodity: request.commodity, version })),
      });
      const size = { paths: request.paths, chunk: input.chunk };
      plans.push({ sink, plan: planBackfill(work, size, parts, sparkCores, rates) });
    }
    const { plan } = plans.find(({ sink }) => sink === place.name)!;
    const facts = await readPlanFacts(database, world, work);
    // Asked before the same facts are noted again.
    const difference = input.plan === undefined ? undefined : await checkPlan(database, input.plan, facts);
    const token = await storePlan(database, facts);
    const disk = {
      neededBytes: plan.bytes + (await readLogBytes(database)),
      freeBytes: await freeBytesOf(config, database, place),
    };
    const run = `npx sevenfold run backfill ${backfillLine(input)} --plan ${token}`;
    if (options.json) {
      const checked = input.plan !== undefined && {
        plan: { token: input.plan, difference: difference ?? null },
      };
      const sinks = plans.map(comparedSink);
      out.json({ token, request, ...plan, ...checked, disk, cores: config.sparkCores, sinks, run });
      return;
    }
    out.line(
      `${request.commodity} ${request.start}..${request.end} · ${count(request.paths)} paths × ${request.horizon} days · ` +
        `trained ${request.trainFrequency}`,
    );
    showPlan(out, place.name, plan, disk, config.sparkCores);
    if (plan.chunks.batches > 0) showSinks(out, place.name, plans);
    out.line('');
    if (input.plan !== undefined) {
      out.line(`plan ${input.plan} ${difference === undefined ? 'holds' : `does not hold: ${difference}`}`);
    }
    out.line(`plan ${token} · start it as planned: ${run}`);
  });
}

/** Free bytes where the paths go; null where that cannot be seen from here. */
async function freeBytesOf(config: Config, database: Database, { path }: SinkPlace): Promise<number | null> {
  if (path !== undefined) return path.startsWith('gs://') ? null : freeBytes(path);
  if (!usesEmbeddedStack(config)) return null;
  const read = await database.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
  return freeBytes(read.rows[0]!.folder);
}

function freeBytes(below: string): number | null {
  // The folder itself may be closed to everybody but the server, or not be there yet; one above it lies on the same disk.
  for (let folder = below; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return Number(bavail) * Number(bsize);
    } catch {
      continue;
    }
  }
  return null;
}

interface Disk {
  neededBytes: number;
  freeBytes: number | null;
}

function showPlan(out: Output, sink: SinkName, plan: BackfillPlan, disk: Disk, cores: number): void {
  const { parts, chunks, seconds } = plan;
  const n = count;
  writeTable(
    out,
    ['model', 'windows', 'there', 'to train', 'dates', 'whole', 'changed', 'partial', 'to do'],
    plan.work.map(({ modelVersion, windows, dates }) => [
      modelVersion,
      n(windows.stored + windows.changed + windows.toTrain),
      n(windows.stored + windows.changed),
      n(windows.toTrain),
      n(dates.due),
      n(dates.whole),
      n(dates.changed),
      n(dates.partial),
      n(dates.toDo),
    ]),
  );
  const short = plan.work[0];
  if (short !== undefined && short.dates.tooLittleHistory > 0) {
    out.line(
      `too little history: ${n(short.windows.tooLittleHistory)} windows, ${n(short.dates.tooLittleHistory)} dates are skipped`,
    );
  }
  if (plan.work.some(({ dates, windows }) => dates.changed + windows.changed > 0)) {
    out.line('changed: made from other prices or models than today; left as they are without --redo changed');
  }
  if (chunks.batches + chunks.trainingBatches === 0) {
    out.line('nothing is to do: every date that can be made is whole');
    return;
  }
  out.line('');
  out.line(
    `batches  ${n(chunks.batches)} of up to ${n(chunks.dates)} dates` +
      (chunks.trainingBatches > 0 ? `, ${n(chunks.trainingBatches)} before them that train` : ''),
  );
  out.line(
    `rows     ${n(plan.rows)} · ${bytes(plan.bytes)}, ${Math.round(parts.bytesOfARow)} bytes a row with its key` +
      (parts.bytesMeasured ? ' as measured in the table' : ' (usual; the table holds too few to tell)'),
  );
  out.line(
    `time     about ${duration(seconds.total)} on ${n(cores)} cores: training ${duration(seconds.train)}, ` +
      `forecasts ${duration(seconds.infer)}, starting batches ${duration(seconds.overhead)}, verifying ${duration(seconds.verify)}`,
  );
  out.line(
    `         at ${n(Math.round(parts.rowsPerSecond))} rows a second on ${n(parts.measuredCores)} cores, ` +
      (parts.batches > 0
        ? `measured in the newest ${n(parts.batches)} batches`
        : 'which is usual; no batch yet to measure'),
  );
  out.line(`cost     ${duration(plan.coreSeconds)} of one core; no charge on machines of your own`);
  out.line(
    `disk     ${bytes(disk.neededBytes)} with the log that the database writes ahead, ` +
      (disk.freeBytes === null
        ? 'free space unknown: they do not go to this machine'
        : `${bytes(disk.freeBytes)} free${disk.freeBytes < disk.neededBytes ? ': TOO LITTLE, make room first' : ''}`),
  );
  out.line('');
  writeTable(
    out,
    [
      'cores',
      'executors',
      'partitions',
      'dates each',
      'time',
      'faster',
      'kept busy',
      'on Dataproc',
      'limited by',
    ],
    plan.sizings.map((sizing) => [
      `${sizing.cores}${sizing === plan.recommended ? ' *' : ''}`,
      `${sizing.executors} × ${sizing.coresOfAnExecutor}`,
      n(sizing.partitions),
      n(sizing.datesOfAPartition),
      duration(sizing.seconds),
      `${sizing.speedUp.toFixed(1)} ×`,
      `${Math.round(100 * sizing.efficiency)} %`,
      sizing.dataprocUsd === null ? '-' : `${sizing.dataprocUsd.toFixed(3)} USD`,
      limitOf(sink, sizing.limit),
    ]),
  );
  out.line('* recommended: the largest that is kept busy at least half of the time');
}

interface SinkPlan {
  sink: SinkName;
  plan: BackfillPlan;
}

/** Sizes at which sinks are held against each other. */
const comparedCores = [8, 32, 128];

interface ComparedSink {
  sink: SinkName;
  rowsPerSecond: number;
  mostRowsPerSecond: number | null;
  bytes: number;
  seconds: number;
  sizes: { cores: number; seconds: number; limit: Limit }[];
}

function comparedSink({ sink, plan }: SinkPlan): ComparedSink {
  const { rowsPerSecond, mostRowsPerSecond } = plan.parts;
  return {
    sink,
    rowsPerSecond,
    mostRowsPerSecond,
    bytes: plan.bytes,
    seconds: plan.seconds.total,
    sizes: plan.sizings
      .filter(({ cores }) => comparedCores.includes(cores))
      .map(({ cores, seconds, limit }) => ({ cores, seconds, limit })),
  };
}

function showSinks(out: Output, asked: SinkName, plans: readonly SinkPlan[]): void {
  const compared = plans.map(comparedSink);
  out.line('');
  writeTable(
    out,
    ['sink', 'rows a second', 'at most', 'bytes', 'here', ...comparedCores.map((cores) => `${cores} cores`)],
    compared.map(({ sink, rowsPerSecond, mostRowsPerSecond, bytes: size, seconds, sizes }) => [
      `${sink}${sink === asked ? ' *' : ''}`,
      count(Math.round(rowsPerSecond)),
      mostRowsPerSecond === null ? '-' : count(mostRowsPerSecond),
      bytes(size),
      duration(seconds),
      ...sizes.map((each) => `${duration(each.seconds)}, ${limitOf(sink, each.limit)}`),
    ]),
  );
  out.line('* where these paths go; the other sink is for the same dates (--sink)');
  const bound = compared.find(({ sink }) => sink === asked)!.sizes.find(({ limit }) => limit === 'the sink');
  if (asked === 'postgres' && bound !== undefined) {
    out.line(
      `PostgreSQL is the bottleneck from ${bound.cores} cores on: one server takes the rows no faster; --sink delta does.`,
    );
  }
}

function limitOf(sink: SinkName, limit: Limit): string {
  return limit === 'the sink' ? (sink === 'postgres' ? 'PostgreSQL' : 'the table') : limit;
}

function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`;
  return value >= 1e6 ? `${Math.round(value / 1e6)} MB` : `${Math.ceil(value / 1e3)} kB`;
}

function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
