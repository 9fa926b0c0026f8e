import { shippedEngines } from '../../../engines/index.ts';
/** What the run used, and what it would cost. */
import { figure } from '../../../pages/figures.ts';
import { count, dash, megabytes, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import { estimatesTable, fallbackNotes, priceInWords } from '../../../pages/sections/estimates.ts';
import type { Estimated } from '../../../pages/sections/estimates.ts';
import type { JobCost } from '../../../pages/batches.ts';
import type { BackfillReport, StageSeconds } from './content.ts';
import { laneName } from './timeline.ts';

/** What the batches of a job came to. */
export const jobFigures: Column<JobCost>[] = [
  numbers('Batches', 'cost.batches', ({ batches }) => batches, count),
  numbers('Failed', 'cost.failed', ({ failed }) => failed, count),
  numbers('Again', 'cost.again', ({ again }) => again, count),
  numbers('Worked', 'cost.busy', ({ busy }) => busy, seconds),
  numbers('CPU', 'cost.cpu_seconds', ({ cpuSeconds }) => cpuSeconds, seconds),
  numbers('Peak memory', 'cost.peak_mb', ({ peakMb }) => peakMb, megabytes),
];

export function costSection({ cost, fallbacks, stages }: BackfillReport): Html | null {
  if (cost.length === 0) return null;
  const sum = (of: (job: JobCost) => number | null) => cost.reduce((so, job) => so + (of(job) ?? 0), 0);
  const cpu = sum(({ cpuSeconds }) => cpuSeconds);
  const peaks = cost.flatMap(({ peakMb }) => peakMb ?? []);
  const peak = peaks.length === 0 ? null : Math.max(...peaks);
  const writing = cost.find(({ rows }) => (rows ?? 0) > 0);
  const rate = writing && ratePerSecond(writing);
  const columns: Column<JobCost>[] = [
    { heading: 'Job', cell: ({ job }) => laneName(job), kind: 'key' },
    ...jobFigures,
    numbers('Rows', 'cost.rows', ({ rows }) => rows, count),
    numbers('Rows a second', 'cost.rate', ratePerSecond, count),
  ];
  const estimated = cost.map(estimatedOf);
  const engines = [...new Set(cost.flatMap((job) => job.engines))];
  return section(
    'Cost of the run',
    html`Over all of its starts. "Worked" counts a second once, however many batches worked in it. CPU is that
    of jobs, their tasks in Python and their JVMs; killed processes are not counted.`,
    html`<p class="lead">
        ${figure('cost.cpu', cpu, seconds(cpu))} of
        CPU${peak !== null && html`, at most ${figure('cost.peak', peak, megabytes(peak))} of memory`}${rate !== null && rate !== undefined && html`, ${figure('cost.rate', rate, count(rate))} rows a second`}.
        ${priceInWords(estimated, engines, shippedEngines)}
      </p>
      ${fallbackNotes(fallbacks)}
      ${table(cost, columns, { label: 'Cost by job', key: ({ job }) => job, maxRows: 40 })}
      ${estimatesTable(estimated, 'jobs', 'Job')}
      ${stages.some(({ stage }) => stage === 'tasks') && html`<p class="note">"tasks" is a batch's time on the clock; what is below it is added up over the processes that worked beside each other.</p>`}
      ${stages.length > 0 && html`<div class="apart">${stagesTable(stages)}</div>`}`,
  );
}

function ratePerSecond({ rows, busy }: JobCost): number | null {
  return rows === null || rows === 0 || busy === null || busy <= 0 ? null : rows / busy;
}

function estimatedOf(job: JobCost): Estimated {
  return {
    ...job,
    key: job.job,
    name: laneName(job.job),
    seconds: job.actualSeconds,
    cpuSeconds: job.executorCpuSeconds,
  };
}

function stagesTable(stages: readonly StageSeconds[]): Html {
  const most = Math.max(...stages.map((stage) => stage.seconds));
  return table(
    stages,
    [
      {
        heading: 'Stage',
        cell: ({ job, stage }) => html`${laneName(job)}${stage !== 'all' && `: ${stage}`}`,
        kind: 'key',
      },
      numbers('Time', 'stages.seconds', (stage) => stage.seconds, seconds),
      {
        heading: 'Of the longest',
        cell: (stage) => bar(stage.seconds, most),
      },
    ],
    {
      label: 'Seconds by stage, as the jobs measured them',
      key: ({ job, stage }) => `${job}/${stage}`,
      maxRows: 40,
    },
  );
}

function bar(value: number, most: number): Html | string {
  if (most <= 0) return dash;
  const width = Math.max(2, Math.round((value / most) * 1000));
  return html`<svg
    class="strip"
    viewBox="0 0 1000 10"
    preserveAspectRatio="none"
    role="img"
    aria-label="${seconds(value)}, ${plural(Math.round(width / 10), 'percent', 'percent')} of the longest"
  >
    <rect class="track" width="1000" height="10" />
    <rect class="span" width="${width}" height="10" />
  </svg>`;
}
