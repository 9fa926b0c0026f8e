import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { measure } from './load.ts';
import { record } from './results.ts';
import { sharedDataOrEnd } from '../test/support/shared-data.ts';

const everySize = [45, 500, 2_000, 8_000];
const targets: Record<
  number,
  { full?: number; increment?: number; forecast?: number; features?: number; whole?: number }
> = {
  45: { forecast: 20, whole: 45 },
  500: { forecast: 60, features: 10 },
  2_000: { full: 12, increment: 3 },
};
const dayBefore = '2022-02-13';
const lastDay = '2022-02-14';

/** One panel a size, 400 days, end to end through Temporal, with everything warm: the whole day and its heavy phases. */
export async function run(sizes: readonly number[] = everySize): Promise<void> {
  const { stateFolder } = readConfig();
  const generator = sharedDataOrEnd('pools/panel.py');
  const { python } = locateToolchain(stateFolder);
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  const rig = await startRig();
  try {
    await daily(rig, ['--dataset', 'sample', '--date', '2026-01-31']); // everything is warm after this
    for (const pools of sizes) {
      const path = join(folder, `bench${pools}`);
      execFileSync(python, [generator, String(pools), path], { stdio: 'ignore' });
      await measureSize(rig, pools, ['--dataset', 'files', '--path', path]);
    }
  } finally {
    await rig.takeDown();
    rmSync(folder, { recursive: true });
  }
}

async function measureSize(rig: StackRig, pools: number, source: string[]): Promise<void> {
  const size = `${pools.toLocaleString('en-US')} pools × 400 days`;
  const target = targets[pools];

  const first = await measure(rig, () => daily(rig, [...source, '--date', dayBefore]));
  record({
    name: 'dailyPipeline, first run',
    size,
    seconds: first.seconds,
    ...(target?.whole && { targetSeconds: target.whole }),
    stages: first.result.stages,
    ...first.load,
    rows: first.result.rows,
  });

  // History in place, metrics in place, everything computed and compared again, and the phases after it.
  const full = await measure(rig, () =>
    daily(rig, [...source, '--date', dayBefore, '--force-phases', 'metrics']),
  );
  const stages = await forecastStages(rig, `files/bench${pools}`);
  record({
    name: 'forecast of a day',
    size,
    seconds: full.result.stages['forecast']!,
    ...(target?.forecast && { targetSeconds: target.forecast }),
    stages,
  });
  // For all the days that the models of this day learn from, not just 61.
  record({
    name: 'forecast, feature panel',
    size,
    seconds: stages['features']!,
    ...(target?.features && { targetSeconds: target.features }),
  });
  record({
    name: 'metrics, full recompute',
    size,
    seconds: full.result.stages['metrics']!,
    ...(target?.full && { targetSeconds: target.full }),
    stages: full.result.stages,
    ...full.load,
    rows: full.result.rows,
    limit: {
      what: 'INSERT … SELECT of the same rows',
      seconds: await insertSelect(rig, `files/bench${pools}`),
    },
  });

  const increment = await measure(rig, () => daily(rig, [...source, '--date', lastDay]));
  record({
    name: 'metrics, increment of a day',
    size,
    seconds: increment.result.stages['metrics']!,
    ...(target?.increment && { targetSeconds: target.increment }),
    stages: increment.result.stages,
    ...increment.load,
    rows: pools,
  });
}

async function daily(
  rig: StackRig,
  args: string[],
): Promise<{ stages: Record<string, number>; rows: number }> {
  const { exitCode, stdout, stderr } = await rig.command('run', 'daily', ...args, '--json');
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}${stdout}`);
  const { runId } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { runId: string };
  const { rows } = await rig.database.query<{ unit: string; seconds: number; found: number }>(
    `select unit, extract(epoch from finished_at - started_at)::float8 as seconds, rows_found as found
       from units where run_id = $1 and (detail ->> 'reused') = 'false'`,
    [runId],
  );
  return {
    stages: Object.fromEntries(rows.map(({ unit, seconds }) => [unit, seconds])),
    rows: rows.find(({ unit }) => unit === 'metrics')?.found ?? 0,
  };
}

/** What the newest forecast job said of its own time: features, fits, writing. */
async function forecastStages({ database }: StackRig, dataset: string): Promise<Record<string, number>> {
  const { rows } = await database.query<{ seconds: Record<string, number> | null }>(
    `select b.result -> 'seconds' as seconds from batches b join runs r using (run_id)
      where r.dataset = $1 and b.job = 'pool_forecast' and b.state = 'SUCCEEDED' order by b.finished_at desc limit 1`,
    [dataset],
  );
  return rows[0]?.seconds ?? {};
}

/** The least that moving these rows into a table with their key can take here. */
async function insertSelect({ database }: StackRig, dataset: string): Promise<number> {
  await database.query('drop table if exists staging.bench');
  await database.query('create table staging.bench (like pool_daily_metrics including all)');
  const started = performance.now();
  await database.query('insert into staging.bench select * from pool_daily_metrics where dataset = $1', [
    dataset,
  ]);
  const seconds = (performance.now() - started) / 1000;
  await database.query('drop table staging.bench');
  return seconds;
}
