/** What was chosen and why, the candidates beside each other, and their folds one by one. */
import type { Candidate } from '../../planning/selection.ts';
import { figureOf } from '../charts/render.ts';
import { figure } from '../figures.ts';
import { clipped, count, dash, megabytes, seconds } from '../format.ts';
import { html, numbers, section, table, verdict } from '../page.ts';
import type { Column, Fragment, Html } from '../page.ts';
import { plural } from '../sections/common.ts';
import { listed, meanOf, paramsOf, valueOf, varied } from './board.ts';
import { stripChart } from './charts.ts';
import type { CvReport, Fit } from './data.ts';
import { candidateWord, interval, lackingWords } from './head.ts';
import { halfInterval, measureOf, measures, score } from './measures.ts';

/** Null before the first fit. */
export function choiceSection(report: CvReport): Html | null {
  const { board, selection, request, heldOut } = report;
  const measure = measureOf(request.metric);
  if (board.length === 0) return null;
  const rows = listed(report);
  return section(
    'Comparison',
    html`Ordered by ${measure.name}, ${measure.higherIsBetter ? 'higher' : 'lower'} is better: mean over the
    folds with its 95 % interval (Student's t), a guide and no guarantee, because the folds share training
    rows. "Behind the best" is the mean difference fold by fold and its standard error.
    ${heldOut !== null && `Fold ${heldOut}, the newest, has no part in the choice.`}`,
    html`${
      selection === null
        ? html`<p class="lead">
            ${verdict('warn', 'nothing chosen')}: ${lackingWords(report)}. The order below is of what is
            there.
          </p>`
        : html`<p class="lead">${clipped(selection.reason, 600)}</p>`
    }
    ${boardTable(report, rows)}
    ${board.length > rows.length && html`<p class="note">The first ${count(rows.length)} of ${candidateWord(report, board.length)}${missingOf(report) > 0 && html`, and ${count(missingOf(report))} without any figure`}; the rest are in the database, table cv_fits.</p>`}
    ${board.length === rows.length && missingOf(report) > 0 && html`<p class="note">${candidateWord(report, missingOf(report))} without any figure ${missingOf(report) === 1 ? 'is' : 'are'} not in the table.</p>`}
    ${selection !== null && refitOf(selection.refit)}`,
  );
}

/** Candidates without a single figure. */
function missingOf({ request, board }: CvReport): number {
  return Math.max(0, request.models.length - board.length);
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

/** The chosen candidate fitted on all rows: where it lies and what was made with it. */
function refitOf(refit: Record<string, unknown> | null): Html {
  if (refit === null) return html`<p class="note">It is not fitted on all rows yet.</p>`;
  const files = (value: unknown) =>
    Array.isArray(value)
      ? value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(', ')
      : typeof value === 'string'
        ? value
        : null;
  const rows = typeof refit['rows'] === 'number' ? refit['rows'] : null;
  const took = typeof refit['seconds'] === 'number' ? refit['seconds'] : null;
  const paths = (['modelFiles', 'predictions', 'artifacts', 'sha256'] as const).flatMap((name) => {
    const written = files(refit[name]);
    return written === null || written === '' ? [] : [[name, written] as const];
  });
  const names = {
    modelFiles: 'model',
    predictions: 'predictions',
    artifacts: 'artifacts',
    sha256: 'sha256',
  };
  return html`<div class="apart">
    <h3>Fitted on all rows</h3>
    <p class="note">
      ${rows !== null && html`${figure('refit.rows', rows, count(rows))} rows scored${took !== null && html` in ${figure('refit.seconds', took, seconds(took))}`}.`}
      ${paths.map(([name, written]) => html`<br />${names[name]}: <code class="id">${clipped(written, 400)}</code>`)}
    </p>
  </div>`;
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
