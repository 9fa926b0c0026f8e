import { shippedEngines } from '../../../engines/index.ts';
/** Where the time went: by model and stage, and by batch. */
import { jobFigures } from '../../backfill/page/cost.ts';
import { howItEnded, laneName, whichBatch } from '../../backfill/page/timeline.ts';
import type { JobCost } from '../../../pages/batches.ts';
import { strip } from '../../../pages/charts/strip.ts';
import { figure } from '../../../pages/figures.ts';
import { clipped, count, megabytes, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import { estimatesTable, fallbackNotes, priceInWords } from '../../../pages/sections/estimates.ts';
import type { Estimated } from '../../../pages/sections/estimates.ts';
import type { CvReport } from './content.ts';

interface ModelTime {
  name: string;
  fits: number;
  failed: number;
  seconds: number;
  cpuSeconds: number;
  longest: number;
  peakMb: number | null;
  stages: Map<string, number>;
}

/** In the order in which a fit goes through them. */
const stageOrder = ['load', 'fit', 'predict', 'score', 'metrics', 'store'];
const jobNames: Record<string, string> = { cv_prepare: 'folds', cv_fit: 'fits', cv_refit: 'refit' };

/** Null before anything was sent. */
export function costSection(report: CvReport): Html | null {
  const { cost, fallbacks, plan } = report;
  const models = modelTimes(report);
  if (cost.length + models.length === 0) return null;
  const cpu = models.reduce((sum, each) => sum + each.cpuSeconds, 0);
  const peaks = models.flatMap(({ peakMb }) => peakMb ?? []);
  const peak = peaks.length === 0 ? null : Math.max(...peaks);
  const estimated = cost.map(estimatedOf);
  const engines = [...new Set(cost.flatMap((job) => job.engines))];
  return section(
    'Where the time went',
    html`Every fit is a process of its own, so its CPU time and its memory are its own. Fits ran next to each
    other: their times add up to more than the clock.`,
    html`${
      models.length > 0 &&
      html`<p class="lead">
          ${figure('fits.cpu', cpu, seconds(cpu))} of CPU in
          fits${peak !== null && html`, at most ${figure('fits.peak', peak, megabytes(peak))} in one`}.
          ${plan !== null && html`Mode ${plan.mode}, ${plural(plan.processes, 'fit')} at a time: ${clipped(plan.why, 120)}.`}
          ${engines.length > 0 && priceInWords(estimated, engines, shippedEngines)}
        </p>
        ${modelsTable(models)}`
    }
    ${fallbackNotes(fallbacks)}
    ${
      cost.length > 0 &&
      html`<div class="apart">
        ${table(cost, jobColumns, { label: 'Batches by job', key: ({ job }) => job, maxRows: 20 })}
      </div>`
    }
    ${estimatesTable(estimated, 'jobs', 'Batches of')} ${troublesTable(report)}`,
  );
}

function modelTimes({ fits, stages }: CvReport): ModelTime[] {
  const alone = new Set(fits.map(({ model }) => model)).size === 1;
  // A grid has one model: there its folds are what differs.
  const nameOfFit = ({ model, fold }: { model: string; fold: number }) =>
    alone ? `${model}, fold ${fold}` : model;
  return [...new Set(fits.map(nameOfFit))]
    .map((name): ModelTime => {
      const mine = fits.filter((fit) => nameOfFit(fit) === name);
      const times = new Map<string, number>();
      for (const each of stages.filter((stage) => nameOfFit(stage) === name)) {
        times.set(each.stage, (times.get(each.stage) ?? 0) + each.seconds);
      }
      const peaks = mine.flatMap(({ peakMb }) => peakMb ?? []);
      return {
        name,
        fits: mine.filter(({ status }) => status === 'complete').length,
        failed: mine.filter(({ status }) => status === 'failed').length,
        seconds: mine.reduce((sum, fit) => sum + (fit.seconds ?? 0), 0),
        cpuSeconds: mine.reduce((sum, fit) => sum + (fit.cpuSeconds ?? 0), 0),
        longest: Math.max(...mine.map((fit) => fit.seconds ?? 0)),
        peakMb: peaks.length === 0 ? null : Math.max(...peaks),
        stages: times,
      };
    })
    .sort((a, b) => b.cpuSeconds - a.cpuSeconds);
}

function modelsTable(models: readonly ModelTime[]): Html {
  const most = Math.max(...models.map(({ cpuSeconds }) => cpuSeconds));
  const all = new Set(models.flatMap(({ stages }) => [...stages.keys()]));
  const names = [
    ...stageOrder.filter((name) => all.has(name)),
    ...[...all].filter((name) => !stageOrder.includes(name)),
  ];
  const failed = models.some((model) => model.failed > 0);
  return table(
    models,
    [
      { heading: 'Fits of', cell: ({ name }) => clipped(name, 48), kind: 'key' },
      numbers('Done', 'time.fits', ({ fits }) => fits, count),
      ...(failed ? [numbers('Failed', 'time.failed', (model: ModelTime) => model.failed, count)] : []),
      numbers('CPU', 'time.cpu_seconds', ({ cpuSeconds }) => cpuSeconds, seconds),
      {
        heading: '',
        cell: ({ cpuSeconds }) =>
          most > 0 &&
          strip(0, cpuSeconds / most, `${seconds(cpuSeconds)} of CPU, the most is ${seconds(most)}`),
      },
      numbers('Time', 'time.seconds', (model) => model.seconds, seconds),
      numbers('Longest', 'time.longest', ({ longest }) => longest, seconds),
      numbers('Peak memory', 'time.peak_mb', ({ peakMb }) => peakMb, megabytes),
      ...names
        .slice(0, 10)
        .map((name): Column<ModelTime> =>
          numbers(clipped(name, 20), `time.stage ${name}`, ({ stages }) => stages.get(name), seconds),
        ),
    ],
    { label: 'Time, memory and stages by model', key: ({ name }) => name, maxRows: 40 },
  );
}

const jobColumns: Column<JobCost>[] = [
  { heading: 'Batches of', cell: ({ job }) => nameOf(job), kind: 'key' },
  ...jobFigures,
];

function nameOf(job: string): string {
  return jobNames[job] ?? laneName(job);
}

function estimatedOf(job: JobCost): Estimated {
  return {
    ...job,
    key: job.job,
    name: nameOf(job.job),
    seconds: job.actualSeconds,
    cpuSeconds: job.executorCpuSeconds,
  };
}

function troublesTable({ troubles: { rows, all } }: CvReport): Html | false {
  if (rows.length === 0) return false;
  return html`<div class="apart">
    ${table(rows, [...whichBatch, ...howItEnded], {
      label: 'Batches that did not succeed',
      key: ({ batchId }) => batchId,
      maxBytes: 40_000,
    })}
    ${all > rows.length && html`<p class="note">The newest ${count(rows.length)} of ${count(all)} that did not succeed.</p>`}
  </div>`;
}
