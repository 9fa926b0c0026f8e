import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { count } from '../../commands/output.ts';
import { withSession } from '../../commands/session.ts';
import { writeTable } from '../../commands/table.ts';
import { Failure } from '../../failures.ts';
import { legible } from '../../planning/legible.ts';
import { askPython } from '../../python.ts';
import { findModel, listModels, retireModel } from './models-ledger.ts';
import type { Model } from './models-ledger.ts';

/** `models list`, `show`, `export` and `retire`. */
export function register(program: Command, context: CommandContext): void {
  const models = program.command('models').description('trained models');
  models
    .command('list')
    .description('every model, the newest first')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) => list(context, options));
  models
    .command('show <id>')
    .description('what a model was made of, and where its files are')
    .option('--json', 'print one JSON object')
    .action((id: string, options: { json?: boolean }) => show(context, id, options));
  models
    .command('export <id>')
    .description(
      'a model as one file in the format of others; how far it differs from the model is said and written',
    )
    .requiredOption('--format <name>', `of ${exportFormats.join(', ')}`)
    .option('--output <file>', 'where to (default: <id>.onnx)')
    .option('--json', 'print one JSON object')
    .action((id: string, options: ExportOptions) => exportModel(context, id, options));
  models
    .command('retire <id>')
    .description('let nobody apply a model from now on; its files stay')
    .requiredOption('--reason <text>', 'why, for whoever asks for it')
    .action((id: string, options: { reason: string }) => retire(context, id, options));
}

async function list({ config, out }: CommandContext, { json }: { json?: boolean }): Promise<void> {
  await withSession(config, undefined, async ({ database }) => {
    const found = await listModels(database);
    if (json) {
      out.json({ models: found });
      return;
    }
    if (found.length === 0) {
      out.line('There is no model yet. Run: sevenfold run train --dataset <file> --target <column>');
      return;
    }
    writeTable(
      out,
      ['model', 'data set', 'target', 'task', 'made of', 'created', ''],
      found.map((model) => [
        model.modelId,
        model.name,
        model.target ?? '',
        model.task,
        model.label,
        model.createdAt.toISOString().slice(0, 16).replace('T', ' '),
        model.retiredAt === null ? '' : 'retired',
      ]),
    );
  });
}

async function show(
  { config, out }: CommandContext,
  id: string,
  { json }: { json?: boolean },
): Promise<void> {
  await withSession(config, undefined, async ({ database }) => {
    const model = await findModel(database, id);
    if (json) {
      out.json(model);
      return;
    }
    for (const line of describe(model)) out.line(line);
  });
}

const exportFormats = ['onnx'];

interface ExportOptions {
  format: string;
  output?: string;
  json?: boolean;
}

/** As spark/sevenfold_jobs/training/exports/main.py answers. */
interface Exported {
  output: string;
  bytes: number;
  inputs: string[];
  rows: number;
  difference: number;
  decisions: number;
}

async function exportModel(
  { config, out }: CommandContext,
  id: string,
  { format, output, json }: ExportOptions,
): Promise<void> {
  if (!exportFormats.includes(format)) {
    throw new Failure(
      'InvalidInput',
      `--format has "${legible(format)}", but must be of ${exportFormats.join(', ')}.`,
    );
  }
  const model = await withSession(config, undefined, ({ database }) => findModel(database, id));
  const made = await askPython<Exported>(config, 'sevenfold_jobs.training.exports.main', {
    modelId: model.modelId,
    root: model.root,
    output: resolve(output ?? `${model.modelId}.${format}`),
  });
  if (json) {
    out.json({ modelId: model.modelId, ...made });
    return;
  }
  out.line(
    `${made.output} has model ${model.modelId}: ${count(made.bytes)} bytes, inputs ${made.inputs.join(', ')}`,
  );
  out.line(
    `on ${count(made.rows)} drawn rows it differs by ${made.difference.toPrecision(2)} at most, and decides ${count(made.decisions)} of them otherwise`,
  );
}

async function retire(
  { config, out }: CommandContext,
  id: string,
  { reason }: { reason: string },
): Promise<void> {
  if (reason.trim() === '') throw new Failure('InvalidInput', '--reason is empty: say why.');
  await withSession(config, undefined, async ({ database }) => {
    const model = await retireModel(database, id, reason);
    out.line(`Model ${model.modelId} is retired: ${reason}`);
  });
}

function describe(model: Model): string[] {
  const { features, members, rows, threshold, classes } = model.about as {
    features: { from: string }[];
    members: { model: string; weight: number }[];
    rows: number;
    threshold: number | null;
    classes: string[];
  };
  const parts = members.map(({ model: name, weight }) => (weight === 1 ? name : `${weight} × ${name}`));
  return [
    `${model.modelId}  ${model.label}, ${model.task}${model.target === null ? '' : ` of ${model.target}`}`,
    `data set   ${model.name}, ${rows.toLocaleString('en')} rows`,
    `made of    ${parts.join(' + ')}`,
    `needs      ${[...new Set(features.map(({ from }) => from))].join(', ')}`,
    ...(classes.length > 0 ? [`classes    ${classes.join(', ')}`] : []),
    ...(threshold === null ? [] : [`threshold  ${threshold.toFixed(4)} of ${classes[1]}`]),
    `files      ${model.root}: ${model.files.map(({ name }) => name).join(', ')}`,
    ...(model.retiredAt === null
      ? [`apply it   npx sevenfold score --model ${model.modelId} --dataset <file>`]
      : [`retired    ${model.retiredAt.toISOString().slice(0, 10)}: ${model.retiredReason}`]),
  ];
}
