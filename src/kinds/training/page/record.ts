/** How to apply the model, where the time went, and all that changes a figure. */
import { jobFigures } from '../../backfill/page/cost.ts';
import { figure } from '../../../pages/figures.ts';
import { clipped, count, megabytes, moment, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Fragment, Html } from '../../../pages/page.ts';
import { pairs, unbroken } from '../../../pages/sections/common.ts';
import { paramWords } from './choice.ts';
import type { TrainingReport, TrialRow } from './data.ts';

/** Null before there is a model. */
export function scoringSection({ refit }: TrainingReport): Html | null {
  if (refit === null) return null;
  return section(
    'Apply it',
    'The model is a handful of files that no program runs to read. The same rows get the same bytes on any engine.',
    html`<pre><code>npx sevenfold score --model ${refit.modelId} --dataset new.csv</code></pre>
      <p class="note">
        A column that is missing or holds something else is refused by its name; levels that training had not
        seen, gaps and changed distributions are counted in the record of the scoring. Files:
        ${refit.files.map(({ name, bytes }, i) => html`${i > 0 && ', '}${name} (${count(bytes)} bytes)`)}.
      </p>`,
  );
}

interface ModelTime {
  model: string;
  fits: number;
  takenOver: number;
  cpuSeconds: number;
  peakMb: number | null;
}

export function timeSection({ trials, cost }: TrainingReport): Html | null {
  if (trials.length + cost.length === 0) return null;
  return section(
    'Where the time went',
    'Every fit is a process of its own, so its CPU time and its memory are its own.',
    html`${table(
      timesOf(trials),
      [
        { heading: 'Fits of', cell: ({ model }) => model, kind: 'key' },
        numbers('Fits', 'time.fits', ({ fits }) => fits, count),
        numbers('Taken over', 'time.taken_over', ({ takenOver }) => takenOver, count),
        numbers('CPU', 'time.cpu_seconds', ({ cpuSeconds }) => cpuSeconds, seconds),
        numbers('Peak memory', 'time.peak_mb', ({ peakMb }) => peakMb, megabytes),
      ],
      { label: 'Time and memory by model', key: ({ model }) => model },
    )}
    ${
      cost.length > 0 &&
      html`<div class="apart">
        ${table(
          cost,
          [
            { heading: 'Batches of', cell: ({ job }) => job.replace('training_', ''), kind: 'key' },
            ...jobFigures,
          ],
          { label: 'Batches by job', key: ({ job }) => job, maxRows: 20 },
        )}
      </div>`
    }`,
  );
}

function timesOf(trials: readonly TrialRow[]): ModelTime[] {
  return [...new Set(trials.map(({ model }) => model))]
    .map((model): ModelTime => {
      const mine = trials.filter((trial) => trial.model === model);
      const peaks = mine.flatMap(({ peakMb }) => peakMb ?? []);
      return {
        model,
        fits: mine.reduce((sum, { fits }) => sum + fits, 0),
        takenOver: mine.reduce((sum, { takenOver }) => sum + takenOver, 0),
        cpuSeconds: mine.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        peakMb: peaks.length === 0 ? null : Math.max(...peaks),
      };
    })
    .sort((a, b) => b.cpuSeconds - a.cpuSeconds);
}

export function recordSection({ run, request, data, selection }: TrainingReport): Html {
  return section(
    'Record',
    html`All that changes a figure: the same record gives the same model. Start
    ${figure('runs.attempt', run.attempt, count(run.attempt))} of ${unbroken(moment(run.claimedAt))}.`,
    html`${pairs([
      ['seed', figure('request.seed', request.seed, request.seed)],
      ['trials', figure('request.trials', request.trials, count(request.trials))],
      ['trials that do not wait', figure('request.parallel', request.parallel, count(request.parallel))],
      ['data version', hash(request.dataVersion)],
      ['source, sha256', hash(request.sourceSha256)],
      ...request.oot.map(({ name, sha256 }): [Fragment, Fragment] => [`${name}, sha256`, hash(sha256)]),
      ...Object.entries(data?.versions ?? {}).map(([name, version]): [Fragment, Fragment] => [
        clipped(name, 40),
        clipped(version, 40),
      ]),
    ])}
    ${
      selection !== null &&
      table(
        selection.members,
        [
          { heading: 'Chosen', cell: ({ model }) => model, kind: 'key' },
          numbers('Weight', 'members.weight', ({ weight }) => weight, String),
          numbers('Trial', 'members.trial', ({ trial }) => trial, count),
          { heading: 'Parameters', cell: ({ params }) => clipped(paramWords(params), 400), kind: 'words' },
        ],
        { label: 'What the model is made of', key: ({ model }) => model },
      )
    }`,
  );
}

function hash(text: string): Html {
  return html`<code class="id">${clipped(text, 64)}</code>`;
}
