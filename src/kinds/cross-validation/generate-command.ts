import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { env as inherited } from 'node:process';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { pythonEnvironment } from '../../child-environment.ts';
import type { CommandContext } from '../../commands/context.ts';
import { count } from '../../commands/output.ts';
import { Failure } from '../../failures.ts';
import { locateToolchain } from '../../stack/toolchain.ts';

interface GenerateOptions {
  rows?: string;
  features?: string;
  seed?: string;
  parity?: boolean;
  name?: string;
  out?: string;
  json?: boolean;
}

interface Generated {
  path: string;
  rows: number;
  columns: number;
  seconds: number;
  seed: number;
}

const kinds = {
  timeseries: 'two classes that depend on what came before: features with trend, seasons and memory',
  regression: 'the same features, and a number that depends on what came before',
  survival: 'energy customers who may leave: follow-up time, event, ten numbers and two names each',
};

/** `generate`: data sets of our own making, for `run cv` and `run grid`. They are marked as such on every page. */
export function register(program: Command, context: CommandContext): void {
  const generate = program.command('generate').description('make a data set to try cross-validation with');
  for (const [kind, description] of Object.entries(kinds)) {
    const command = generate
      .command(kind)
      .description(description)
      .option('--rows <count>', kind === 'survival' ? 'customers' : 'rows, an hour each', '20000')
      .option('--seed <number>', 'the same seed gives the same bytes (default: 42)')
      .option('--name <name>', `what it is called with --dataset (default: ${kind})`)
      .option('--out <file>', 'a Parquet file of your own instead')
      .option('--json', 'print one JSON object');
    if (kind !== 'survival') command.option('--features <count>', 'columns (default: 100)');
    if (kind === 'timeseries') command.option('--parity', "by the original's formulas, faults included");
    command.action((options: GenerateOptions) => generateData(context, kind, options));
  }
}

async function generateData(
  { config, out }: CommandContext,
  kind: string,
  options: GenerateOptions,
): Promise<void> {
  const name = options.name ?? kind;
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new Failure('InvalidInput', `--name is "${name}", but must be letters, digits, _ and -.`);
  }
  const folder = join(config.stateFolder, 'datasets');
  const path = options.out ?? join(folder, `${name}.parquet`);
  if (options.out === undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const given = (['rows', 'features', 'seed'] as const).flatMap((option) =>
    options[option] === undefined ? [] : [`--${option}`, options[option]],
  );
  const { python } = locateToolchain(config.stateFolder);
  const generated = await runGenerator(python, join(config.checkout, 'spark'), [
    kind,
    ...given,
    ...(options.parity ? ['--parity'] : []),
    '--out',
    path,
  ]);
  if (options.json) {
    out.json({ ...generated, name: options.out === undefined ? name : null });
    return;
  }
  const command = kind === 'survival' ? 'cv' : `grid${kind === 'regression' ? ' --task regression' : ''}`;
  const dataset = options.out === undefined ? name : options.out;
  out.line(
    `${relative(process.cwd(), generated.path)}: ${count(generated.rows)} rows of ${count(generated.columns)} columns, seed ${generated.seed}`,
  );
  out.line(`Next: npx sevenfold run ${command} --dataset ${dataset}`);
}

/** Runs the generator to its end; whoever ends the command ends it too. */
async function runGenerator(python: string, sparkFolder: string, parameters: string[]): Promise<Generated> {
  const child = spawn(python, ['-m', 'sevenfold_jobs.generated', ...parameters], {
    env: { ...pythonEnvironment(inherited, sparkFolder), OPENBLAS_NUM_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (signal: NodeJS.Signals): void => {
    child.kill('SIGTERM');
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  const [said, complaint, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]).catch((error: unknown) => {
    throw new Failure(
      'Infrastructure',
      `${python} does not run (${(error as Error).message}). Run: node setup.mjs`,
    );
  });
  process.off('SIGINT', end).off('SIGTERM', end);
  if (code === 0) return JSON.parse(said) as Generated;
  const line = complaint.trim().split('\n').at(-1) ?? '';
  throw new Failure(
    code === 2 ? 'InvalidInput' : 'JobFailed',
    line === '' ? `The generator ended with ${code ?? signal}.` : line,
  );
}
