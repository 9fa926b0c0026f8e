import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { count } from '../../commands/output.ts';
import { writeTable } from '../../commands/table.ts';
import type { Config } from '../../config.ts';
import { Failure } from '../../failures.ts';
import { askPython } from '../../python.ts';
import { readTrainOptions, withTrainOptions } from './command.ts';
import type { TrainOptions } from './command.ts';
import { refusalByData } from './fit-for-data.ts';
import type { TrainingRequest } from './ledger.ts';
import { requestOf } from './opening.ts';
import type { Sized } from './path.ts';
import { planTraining } from './plan.ts';
import type { PlannedData } from './plan.ts';

/** `plan train`. Reads the file and nothing else: no stack is needed. */
export function registerTrainingPlan(plan: Command, context: CommandContext): void {
  withTrainOptions(
    plan
      .command('train')
      .description('what run train would do: rows, columns, fits, CPU seconds, memory and where it is done'),
  )
    .option('--json', 'print one JSON object')
    .action((options: TrainOptions) => planCommand(context, options));
}

async function planCommand({ config, out }: CommandContext, options: TrainOptions): Promise<void> {
  const request = await requestOf({ config }, readTrainOptions(options), options.engine ?? config.mode);
  const data = await readPlanned(config, request);
  const refusal = refusalByData(request, data);
  if (refusal !== undefined && request.path !== 'distributed') throw new Failure('InvalidInput', refusal);
  const plan = planTraining(request, data);
  const path = request.path ?? 'native';
  const where = whereOf(request, plan.fitsHere, options.engine ?? config.mode);
  if (options.json) {
    out.json({ ...data, ...plan, path, cores: config.sparkCores, where });
    return;
  }
  out.line(
    `${request.name} · ${count(data.rows)} of ${count(data.fileRows)} rows take part · ` +
      `${count(data.columns)} columns, ${count(data.features)} features · ${data.task} (${data.taskReason})`,
  );
  for (const warning of data.warnings.slice(0, mostWarnings)) out.line(`mind: ${warning}`);
  writeTable(
    out,
    ['model', 'trials', 'fits', 'CPU seconds, about'],
    plan.models.map(({ model, trials, fits, cpuSeconds }) => [
      model,
      count(trials),
      count(fits),
      count(Math.ceil(cpuSeconds)),
    ]),
  );
  out.line(
    `${count(plan.fits)} fits, validation ${data.validation}${data.folds > 1 ? ` of ${data.folds}` : ''} · ` +
      `about ${count(Math.ceil(plan.cpuSeconds))} CPU seconds, ${count(Math.ceil(plan.cpuSeconds / config.sparkCores))} s on ${config.sparkCores} cores`,
  );
  out.line(
    `about ${megabytes(data.bytes)} of ${megabytes(data.roomBytes)} that may be used: ${path} path, ${where}`,
  );
}

function whereOf({ path, tasks }: TrainingRequest, fitsHere: boolean, engine: string): string {
  if (path === 'distributed') return `fits in ${tasks} tasks of Spark (engine ${engine}) that share the rows`;
  return fitsHere
    ? 'in processes of this machine'
    : 'does not fit into half the memory of this machine: take fewer columns or rows';
}

const mostWarnings = 5;

function megabytes(bytes: number): string {
  return `${count(Math.ceil(bytes / 2 ** 20))} MB`;
}

/** What the jobs would make of the file. InvalidInput as they would say it. */
async function readPlanned(
  config: Config,
  { source, sourceSha256, name, settings, path, task }: TrainingRequest,
): Promise<PlannedData> {
  if (path !== 'distributed') {
    const asked = { source, sourceSha256, name, settings };
    return askPython<PlannedData>(config, 'sevenfold_jobs.training.planned', asked);
  }
  const sized = await askPython<Sized>(config, 'sevenfold_jobs.training.sized', { source, name, settings });
  return {
    ...sized,
    // Columns are read by the tasks of the run: which of them are features, and which rows take part, is known then.
    task: task === 'auto' ? 'classification' : task,
    taskReason: task === 'auto' ? 'as a guess: columns are read when it runs' : 'asked for',
    fileRows: sized.rows,
    features: sized.columns - 1,
    classes: 2,
    warnings: [],
  };
}
