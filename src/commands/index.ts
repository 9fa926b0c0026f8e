import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

interface CommandEntry {
  name: string;
  summary: string;
  hidden?: boolean;
  load: () => Promise<{ register: (program: Command, context: CommandContext) => void }>;
}

/** Every command, one file each, loaded only when asked for. */
export const commandTable: CommandEntry[] = [
  {
    name: 'run',
    summary: 'run a pipeline and watch it: run daily, backfill, train-models, cv, grid, train',
    load: () => import('./run.ts'),
  },
  {
    name: 'plan',
    summary: 'say what a run would do and take: plan backfill, train',
    load: () => import('./plan.ts'),
  },
  {
    name: 'evaluate',
    summary: 'hold forecasts against what came: evaluate pools, forecasts',
    load: () => import('./evaluate.ts'),
  },
  {
    name: 'coverage',
    summary: 'count the forecasts that are there against those that are due',
    load: () => import('../kinds/backfill/coverage-command.ts'),
  },
  {
    name: 'audit',
    summary: 'make finished forecasts again and compare the bytes',
    load: () => import('../kinds/audit/command.ts'),
  },
  {
    name: 'import',
    summary: 'bring data into the database: import prices',
    load: () => import('../kinds/prices/command.ts'),
  },
  {
    name: 'copy',
    summary: 'copy results to another place: copy forecasts',
    load: () => import('./copy.ts'),
  },
  {
    name: 'generate',
    summary: 'make a data set to try cross-validation with: generate survival, timeseries, regression',
    load: () => import('../kinds/cross-validation/generate-command.ts'),
  },
  {
    name: 'score',
    summary: 'apply a trained model to a file or a folder of files',
    load: () => import('../kinds/scoring/command.ts'),
  },
  {
    name: 'models',
    summary: 'trained models: models list, show, retire',
    load: () => import('../kinds/training/models-command.ts'),
  },
  { name: 'watch', summary: 'watch a run to its end', load: () => import('./watch.ts') },
  { name: 'why', summary: 'say why a run is not complete and what to do', load: () => import('./why.ts') },
  { name: 'retry', summary: 'try again what failed', load: () => import('./retry.ts') },
  {
    name: 'approve',
    summary: 'approve the transactions that a day proposes',
    load: () => import('./approve.ts'),
  },
  {
    name: 'reject',
    summary: 'reject the transactions that a day proposes, with a reason',
    load: () => import('./reject.ts'),
  },
  {
    name: 'skip',
    summary: 'leave dates out of a backfill, with a reason',
    load: () => import('./skip.ts'),
  },
  { name: 'cancel', summary: 'end a run and everything it has running', load: () => import('./cancel.ts') },
  { name: 'pause', summary: 'hold a run before its next phase', load: () => import('./pause.ts') },
  { name: 'resume', summary: 'let a paused run go on', load: () => import('./resume.ts') },
  { name: 'logs', summary: 'show what the batches of a run wrote', load: () => import('./logs.ts') },
  {
    name: 'batches',
    summary: 'what was handed to an engine: batches list, show, logs, cancel, sweep',
    load: () => import('./batches.ts'),
  },
  { name: 'report', summary: "say where a run's page is", load: () => import('./report.ts') },
  {
    name: 'schedule',
    summary: 'run workflows by the clock: schedule apply, list, pause, resume, delete, check',
    load: () => import('./schedule.ts'),
  },
  {
    name: 'alerts',
    summary: 'scheduled runs that did not start or are late: alerts list, close',
    load: () => import('./alerts.ts'),
  },
  { name: 'export', summary: 'write results to a CSV or Parquet file', load: () => import('./export.ts') },
  { name: 'prune', summary: 'remove what has been kept long enough', load: () => import('./prune.ts') },
  { name: 'up', summary: 'start the embedded stack', load: () => import('./up.ts') },
  { name: 'down', summary: 'stop the embedded stack; its data stays', load: () => import('./down.ts') },
  { name: 'status', summary: 'show the stack and the newest runs', load: () => import('./status.ts') },
  {
    name: 'env',
    summary: 'print exports, so that plain temporal and psql find the stack',
    load: () => import('./env.ts'),
  },
  {
    name: 'doctor',
    summary: 'check what sevenfold needs on this machine',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'start',
    summary: 'what npm start does: the stack, and one day of sample data',
    hidden: true,
    load: () => import('./start.ts'),
  },
];
