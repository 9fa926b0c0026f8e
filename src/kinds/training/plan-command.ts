import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env as inherited } from 'node:process';
import type { Command } from 'commander';
import { pythonEnvironment } from '../../child-environment.ts';
import type { CommandContext } from '../../commands/context.ts';
import { count } from '../../commands/output.ts';
import { writeTable } from '../../commands/table.ts';
import type { Config } from '../../config.ts';
import { Failure, isFailureType } from '../../failures.ts';
import { locateToolchain } from '../../stack/toolchain.ts';
import { readTrainOptions, withTrainOptions } from './command.ts';
import type { TrainOptions } from './command.ts';
import type { TrainingRequest } from './ledger.ts';
import { requestOf } from './opening.ts';
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
  const request = await requestOf({ config }, readTrainOptions(options), config.mode);
  const data = await readPlanned(config, request);
  const plan = planTraining(request, data);
  const where = plan.fitsHere
    ? 'in processes of this machine'
    : 'does not fit into half the memory of this machine: take fewer columns or rows';
  if (options.json) {
    out.json({ ...data, ...plan, cores: config.sparkCores, where });
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
  out.line(`about ${megabytes(data.bytes)} of ${megabytes(data.roomBytes)} that may be used: ${where}`);
}

const mostWarnings = 5;

function megabytes(bytes: number): string {
  return `${count(Math.ceil(bytes / 2 ** 20))} MB`;
}

/** What the jobs would make of the file. InvalidInput as they would say it. */
async function readPlanned(
  { stateFolder, checkout }: Config,
  { source, sourceSha256, name, settings }: TrainingRequest,
): Promise<PlannedData> {
  const child = spawn(locateToolchain(stateFolder).python, ['-m', 'sevenfold_jobs.training.planned'], {
    cwd: join(checkout, 'spark'),
    env: pythonEnvironment(inherited),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<string>((end) => {
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  let [said, trouble] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (trouble = (trouble + chunk.toString()).slice(-4_000)));
  child.stdin.on('error', () => {}); // its exit says more
  child.stdin.end(JSON.stringify({ source, sourceSha256, name, settings }));
  const how = await ended;
  if (said.trim() === '') {
    const words = trouble.trim().split('\n').at(-1) ?? '';
    throw new Failure('Infrastructure', `The file was not read (${how}${words && `: ${words}`}).`);
  }
  const answer = JSON.parse(said) as PlannedData | { errorType: string; message: string };
  if (!('errorType' in answer)) return answer;
  throw new Failure(isFailureType(answer.errorType) ? answer.errorType : 'JobFailed', answer.message);
}
