import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { measure } from './load.ts';
import type { Load } from './load.ts';
import { record } from './results.ts';
import { sharedDataOrEnd } from '../test/support/shared-data.ts';

const five = ['cox_ph', 'coxnet', 'weibull_aft', 'gbsa', 'xgb_cox'];
const flchain = [
  ...['--complete-rows', '--categorical', 'mgus', 'sex', '--features'],
  ...['age', 'creatinine', 'flc_grp', 'kappa', 'lambda', 'sample_yr', 'mgus', 'sex'],
];
const panelRows = 287_000;
const everySize = [20_000, 72_000, panelRows, 1_150_000];
const targets = { panel: 150, flchain: 10, parity: 100, binary: 60 };

/**
 * Cross-validations end to end through Temporal: flchain and the panel of 287,000 rows with their targets, the panel's
 * growth, and the LightGBM grid of the page, by the original's rule and by the honest one. `--sizes 300000` beside it
 * runs the original's 300,000 × 100 grid, ten sets on each of four folds, which takes long.
 */
export async function run(sizes: readonly number[] = everySize): Promise<void> {
  const shared = sharedDataOrEnd('cv');
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  const rig = await startRig();
  try {
    const file = join(shared, 'flchain.parquet');
    // Once for the libraries, whose import is not what is measured.
    await crossValidate(rig, 'cv', [
      '--dataset',
      file,
      ...flchain,
      '--models',
      'cox_ph',
      'gbsa',
      '--seed',
      '1',
    ]);
    await measureRun(rig, 'cv flchain, sample settings, 4 models × 5 folds', '6,521 rows', targets.flchain, [
      ...['cv', '--dataset', file, ...flchain],
      ...['--models', 'cox_ph', 'coxnet', 'weibull_aft', 'gbsa'],
    ]);
    await measureRun(rig, 'cv flchain, again', '6,521 rows', undefined, [
      ...['cv', '--dataset', file, ...flchain],
      ...['--models', 'cox_ph', 'coxnet', 'weibull_aft', 'gbsa'],
    ]);
    for (const rows of sizes.filter((size) => size !== 300_000))
      await measurePanel(rig, shared, folder, rows);
    await measureGrids(rig);
    if (sizes.includes(300_000)) await measureOriginalGrid(rig);
  } finally {
    await rig.takeDown();
    rmSync(folder, { recursive: true });
  }
}

async function measurePanel(rig: StackRig, shared: string, folder: string, rows: number): Promise<void> {
  const file = join(folder, `panel-${rows}.parquet`);
  const { python } = locateToolchain(readConfig().stateFolder);
  execFileSync(python, [join(shared, 'panel.py'), String(rows), file]);
  await measureRun(
    rig,
    'cv panel, production settings, 5 models × 5 folds',
    `${rows.toLocaleString('en-US')} rows`,
    rows === panelRows ? targets.panel : undefined,
    ['cv', '--dataset', file, '--run-type', 'production', '--models', ...five],
  );
  rmSync(file);
}

/** Sets 1, 14, 27 and 40 on four folds of 20,000 × 100. */
async function measureGrids(rig: StackRig): Promise<void> {
  const sets = ['--sets', '1', '14', '27', '40'];
  const size = '16 fits, 20,000 × 100';
  await generate(rig, 'timeseries', '--rows', '20000', '--parity', '--name', 'parity');
  await measureRun(rig, "cv grid, the original's rule", size, targets.parity, [
    ...['grid', '--dataset', 'parity', ...sets, '--parity'],
  ]);
  await measureRun(rig, 'cv grid, binary, honest stopping', size, targets.binary, [
    ...['grid', '--dataset', 'parity', ...sets],
  ]);
}

async function measureOriginalGrid(rig: StackRig): Promise<void> {
  await generate(rig, 'timeseries', '--rows', '300000', '--parity', '--name', 'parity300');
  for (const [name, ...rule] of [
    ['cv grid, the original’s rule', '--parity'],
    ['cv grid, binary, honest stopping'],
  ] as const) {
    await measureRun(rig, name, '40 fits, 300,000 × 100', undefined, [
      ...['grid', '--dataset', 'parity300', '--sets', '1-10', ...rule],
    ]);
  }
}

async function generate(rig: StackRig, ...args: string[]): Promise<void> {
  const { exitCode, stderr } = await rig.command('generate', ...args, '--json');
  if (exitCode !== 0) throw new Error(`generate ${args.join(' ')}: ${stderr}`);
}

async function measureRun(
  rig: StackRig,
  name: string,
  size: string,
  targetSeconds: number | undefined,
  [command, ...options]: string[],
): Promise<void> {
  const { result: runId, seconds, load } = await measure(rig, () => crossValidate(rig, command!, options));
  record({
    name,
    size,
    seconds,
    ...(targetSeconds !== undefined && { targetSeconds }),
    ...(await partsOf(rig, runId, load)),
  });
}

async function crossValidate(rig: StackRig, command: string, options: readonly string[]): Promise<string> {
  const { exitCode, result, stderr } = await rig.begin('run', command, ...options).end;
  if (exitCode !== 0 || result.status !== 'complete') {
    throw new Error(`run ${command} ${options.join(' ')}: ${stderr}${JSON.stringify(result)}`);
  }
  return result.runId!;
}

/** Seconds by phase, CPU seconds and the largest process of the fits by model, and what all processes took. */
async function partsOf(
  { database }: StackRig,
  runId: string,
  load: Load,
): Promise<Load & { stages: Record<string, number>; rows: number }> {
  const { rows: phases } = await database.query<{ name: string; seconds: number }>(
    `select unit as name, extract(epoch from finished_at - started_at)::float8 as seconds from units
      where run_id = $1 and kind = 'phase' and started_at is not null order by position`,
    [runId],
  );
  const { rows: models } = await database.query<{
    name: string;
    seconds: number;
    fits: number;
    peak: number;
  }>(
    `select model as name, sum(cpu_seconds) as seconds, max(peak_mb) as peak, count(*)::integer as fits from cv_fits
      where run_id = $1 group by model`,
    [runId],
  );
  return {
    ...load,
    rows: models.reduce((sum, { fits }) => sum + fits, 0),
    stages: Object.fromEntries([
      ...phases.map(({ name, seconds }) => [name, seconds] as const),
      ...models.map(({ name, seconds }) => [`${name}, CPU`, seconds] as const),
      ['largest fit, MB', Math.max(...models.map(({ peak }) => peak))] as const,
    ]),
  };
}
