/** What was chosen and why, the candidates side by side, and their folds one by one. */
import { figureOf } from '../../../pages/charts/render.ts';
import { figure } from '../../../pages/figures.ts';
import { clipped, count, dash, megabytes, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Fragment, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import type { Candidate } from '../planning/selection.ts';
import { listed, meanOf, mostListed, paramsOf, valueOf, varied } from './board.ts';
import { stripChart } from './charts.ts';
import type { CvReport, Fit } from './content.ts';
import { candidateWord, interval, lackingWords } from './head.ts';
import { halfInterval, measureOf, measures, score } from './measures.ts';

/** Null before the first fit. */
export function choiceSection(report: CvReport): Html | null {
  const { run, board, selection, request, heldOut } = report;
  const measure = measureOf(request.metric);
  if (board.length === 0) return null;
  const rows = listed(report);
  return section(
    'Comparison',
    html`Ordered by ${measure.name}, ${measure.higherIsBetter ? 'higher' : 'lower'} is better: mean over the
    folds with its 95 % interval (Student's t). Folds share training rows, so the standard errors are those of
    Nadeau and Bengio, which are wider than the deviation by the root of the folds. "Behind the best" is the
    mean difference fold by fold and its standard error.
    ${heldOut !== null && `Fold ${heldOut}, the newest, has no part in the choice.`}`,
    html`${
      selection === null
        ? html`<p class="lead">
            ${verdict(run.status === 'running' ? 'quiet' : 'warn', 'nothing chosen')}:
            ${lackingWords(report)}. The order below is of what is there.
          </p>`
        : html`<p class="lead">${clipped(selection.reason, 600)}</p>`
    }
    ${
      request.parity &&
      html`<p class="note">
        ${verdict('warn', 'as the original does it')} The fold that stops the training also scores it, and a
        regression loss takes the place of the classifier's: figures are better than they should be.
      </p>`
    }
    ${boardTable(report, rows)} ${leftOutOf(report, rows.length)}
    ${selection !== null && refitOf(selection.refit)}`,
  );
}

/** What the table does not list; false where it lists all. */
function leftOutOf(report: CvReport, rows: number): Html | false {
  const { board, request } = report;
  const none = Math.max(0, request.models.length - board.length);
  if (board.length === rows && none === 0) return false;
  const first = `The first ${Math.min(rows, mostListed)} of ${candidateWord(report, board.length)}`;
  return html`<p class="note">
    ${board.length > mostListed && `${first}${rows > mostListed ? ' and the chosen one' : ''}; the rest are in the database, table cv_fits.`}
    ${none > 0 && `${candidateWord(report, none)} without any figure ${none === 1 ? 'is' : 'are'} not in the table.`}
  </p>`;
}

function boardTable(report: CvReport, rows: readonly Candidate[]): Html {
  const { request, fits, selection } = report;
  const measure = measureOf(request.metric);
  const params = paramsOf(report);
  const names = [...varied(report).keys()];
  const others = measures[request.task].filter(
    ({ key }) => key !== request.metric && fits.some(({ figures }) => figures[key] !== undefined),
  );
  const lacking = rows.some(({ missingFolds }) => missingFolds.length > 0);
  const columns: Column<Candidate>[] = [
    {
      heading: request.task === 'survival' ? 'Model' : 'Set',
      cell: ({ label }) => clipped(label, 48),
      kind: 'key',
    },
    ...names.map((name): Column<Candidate> => ({
      heading: name,
      cell: ({ label }) => plainValue(params.get(label)?.[name]),
      kind: 'number',
    })),
    {
      heading: measure.short,
      figure: 'board.mean',
      value: ({ mean }) => mean,
      cell: (row) => interval(row, request.metric),
      kind: 'number',
    },
    {
      heading: 'Behind the best',
      figure: 'board.difference',
      value: ({ difference }) => difference.mean,
      cell: (row) => behind(row, rows[0]!, request.metric),
      kind: 'number',
    },
    { heading: '', cell: (row) => judged(row, rows[0]!, selection?.label), kind: 'key' },
    numbers(
      'Deviation',
      'board.deviation',
      ({ deviation }) => deviation,
      (value) => score(value, measure),
    ),
    numbers(
      'Worst fold',
      'board.worst',
      ({ worst }) => worst,
      (value) => score(value, measure),
    ),
    ...others.map((other): Column<Candidate> =>
      numbers(
        other.short,
        `board.${other.key}`,
        ({ label }) => meanOf(report, label, other.key),
        (value) => score(value, other),
      ),
    ),
    ...(report.heldOut !== null
      ? [
          numbers<Candidate, number | null>(
            `Held out, fold ${report.heldOut}`,
            'board.held_out',
            ({ label }) => valueOf(report, label, report.heldOut!, request.metric),
            (value) => score(value, measure),
          ),
        ]
      : []),
    ...(lacking
      ? [
          {
            heading: 'Lacks',
            cell: ({ missingFolds }: Candidate) =>
              missingFolds.length === 0 ? dash : `fold ${missingFolds.join(', ')}`,
            kind: 'key' as const,
          },
        ]
      : []),
  ];
  return table(rows, columns, {
    label: 'Candidates, the best first',
    key: ({ label }) => label,
    highlight: ({ label }) => label === selection?.label,
  });
}

/** How much better the best is, and the standard error of that. */
function behind({ label, difference }: Candidate, best: Candidate, metric: string): Fragment {
  if (label === best.label) return dash;
  const measure = measureOf(metric);
  return `${score(difference.mean, measure)}\u202f±\u202f${score(difference.standardError, measure)}`;
}

function judged(row: Candidate, best: Candidate, chosen: string | undefined): Fragment {
  if (row.label === chosen) return verdict('good', row.label === best.label ? 'chosen, best' : 'chosen');
  if (row.missingFolds.length > 0) return verdict('bad', 'not whole');
  if (row.label === best.label) return verdict('quiet', 'best');
  return row.withinOneError ? verdict('quiet', 'within one error') : false;
}

export function plainValue(value: unknown): string {
  if (value === undefined) return dash;
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumSignificantDigits: 6 });
  return clipped(typeof value === 'string' ? value : JSON.stringify(value), 40);
}

const refitParts = [
  ['below', 'root'],
  ['model', 'modelFiles'],
  ['predictions', 'predictions'],
  ['artifacts', 'artifacts'],
  ['sha256 of model and predictions', 'sha256'],
] as const;

/** The chosen candidate fitted on all rows: where it lies and what was made with it. */
function refitOf(refit: Record<string, unknown> | null): Html {
  if (refit === null) return html`<p class="note">It is not fitted on all rows yet.</p>`;
  const rows = typeof refit['rows'] === 'number' ? refit['rows'] : null;
  const took = typeof refit['seconds'] === 'number' ? refit['seconds'] : null;
  return html`<div class="apart">
    <h3>Fitted on all rows</h3>
    <p class="note">
      ${rows !== null && html`${figure('refit.rows', rows, count(rows))} rows predicted${took !== null && html`; ${figure('refit.seconds', took, seconds(took))} in all`}.`}
      ${refitParts.map(([name, field]) => {
        const said = namesOf(refit[field]);
        return said !== null && html`<br />${name}: <code class="id">${clipped(said, 500)}</code>`;
      })}
    </p>
  </div>`;
}

const mostFiles = 5;

/** One name, or the first of several; null where there is none. */
function namesOf(value: unknown): string | null {
  const names = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
  if (names.length === 0) return null;
  const more = names.length > mostFiles ? ` and ${names.length - mostFiles} more` : '';
  return `${names.slice(0, mostFiles).join(', ')}${more}`;
}

/** Null before the first fit. */
export function foldsSection(report: CvReport): Html | null {
  const { fits, request, selection, heldOut } = report;
  const measure = measureOf(request.metric);
  const rows = listed(report);
  if (rows.length === 0) return null;
  const valuesOf = (label: string) =>
    fits.flatMap((fit) =>
      fit.label === label && fit.figures[request.metric] !== undefined
        ? [{ fold: fit.fold, value: fit.figures[request.metric]! }]
        : [],
    );
  return section(
    'Fold by fold',
    html`${measure.name} of every fit, ${measure.higherIsBetter ? 'higher' : 'lower'} is better. Where all
    candidates fall together, the fold is hard; where they change places, their order is chance.`,
    html`${figureOf(
      stripChart({
        id: 'strip',
        title: `${measure.name} by candidate and fold`,
        description: rows
          .map((row) => `${row.label}: ${interval(row, request.metric)}, worst ${score(row.worst, measure)}.`)
          .join(' '),
        xTitle: measure.name,
        heldOut,
        rows: rows.map((row) => ({
          name: `${row.label === selection?.label ? '✓ ' : ''}${row.label}`,
          mean: row.mean,
          half: halfInterval(row.standardError, row.folds),
          folds: valuesOf(row.label),
        })),
      }),
    )}${fitsTable(report, rows)}`,
  );
}

function fitsTable(report: CvReport, rows: readonly Candidate[]): Html {
  const { fits, request } = report;
  const labels = rows.map(({ label }) => label);
  const shown = fits
    .filter(({ label }) => labels.includes(label))
    .sort((a, b) => labels.indexOf(a.label) - labels.indexOf(b.label) || a.fold - b.fold);
  const used = measures[request.task].filter(({ key }) =>
    shown.some((fit) => fit.figures[key] !== undefined),
  );
  const boosted = shown.some(({ bestIteration }) => bestIteration !== null);
  const figureColumns = used.map((measure): Column<Fit> =>
    numbers(
      measure.short,
      `cv_fits.${measure.key}`,
      ({ figures }) => figures[measure.key],
      (value) => score(value, measure),
    ),
  );
  return html`<details>
    <summary>${plural(shown.length, 'fit')} in figures</summary>
    ${table(
      shown,
      [
        { heading: 'Candidate', cell: ({ label }) => clipped(label, 48), kind: 'key' },
        numbers('Fold', 'cv_fits.fold', ({ fold }) => fold, count),
        ...figureColumns,
        ...(boosted
          ? [numbers('Trees', 'cv_fits.best_iteration', (fit: Fit) => fit.bestIteration, count)]
          : []),
        numbers('Time', 'cv_fits.seconds', (fit) => fit.seconds, seconds),
        numbers('CPU', 'cv_fits.cpu_seconds', ({ cpuSeconds }) => cpuSeconds, seconds),
        numbers('Peak memory', 'cv_fits.peak_mb', ({ peakMb }) => peakMb, megabytes),
      ],
      {
        label: 'Every fit in figures',
        key: ({ label, fold }) => `${label}/fold ${fold}`,
        maxRows: 200,
        maxBytes: 150_000,
      },
    )}
  </details>`;
}
