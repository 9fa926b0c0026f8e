/** The data and how they were cut: rows, columns, folds, and samples of what was generated. */
import { legend, smallMultiple } from '../../../pages/charts/render.ts';
import { figure } from '../../../pages/figures.ts';
import { clipped, count, dash, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import { curveChart, lookOf } from './charts.ts';
import type { CvData, CvFold, CvReport, Sample } from './content.ts';
import type { Point } from './curves.ts';
import { time } from './measures.ts';

const mostWarnings = 20;
const mostClasses = 8;

/** Null until the folds are prepared. */
export function dataSection({ data, request }: CvReport): Html | null {
  if (data === null) return null;
  const dropped = data.dropped.reduce((sum, [, rows]) => sum + rows, 0);
  return section(
    'Data',
    html`What took part, and what did not. Gaps are filled within each fold by what its training rows say.`,
    html`<p class="lead">
        ${figure('cv_data.rows', data.rows, count(data.rows))} rows take
        part${
          dropped === 0
            ? ', all there are'
            : html`; ${figure('cv_data.dropped', dropped, count(dropped))} were left out
              (${data.dropped.map(([reason, rows], i) => html`${i > 0 && ', '}${clipped(reason, 60)}: ${figure('cv_data.dropped', rows, count(rows), reason)}`)})`
        }.
        ${data.events !== null && html`${figure('cv_data.events', data.events, count(data.events))} had the event (${share(data.events / data.rows)}).`}
        ${data.target !== null && html`The target is ${figure('target.mean', data.target.mean, time(data.target.mean))} on average, deviation ${figure('target.deviation', data.target.deviation, time(data.target.deviation))}, from ${time(data.target.min)} to ${time(data.target.max)}.`}
        ${
          data.classes.length > 0 &&
          html`Classes:
          ${data.classes.slice(0, mostClasses).map(([name, rows], i) => html`${i > 0 && ', '}${clipped(name, 30)}: ${figure('cv_data.classes', rows, count(rows), name)} (${share(rows / data.rows)})`)}${data.classes.length > mostClasses && html`, and ${count(data.classes.length - mostClasses)} more`}.`
        }
      </p>
      ${
        data.warnings.length > 0 &&
        html`<ul class="warned">
          ${data.warnings.slice(0, mostWarnings).map((warning) => html`<li>${verdict('warn', 'warning')} ${clipped(warning, 300)}</li>`)}
          ${data.warnings.length > mostWarnings && html`<li class="quiet">${count(data.warnings.length - mostWarnings)} more in the database</li>`}
        </ul>`
      }
      ${featuresTable(data)} ${request.task === 'survival' && strataTable(data)}`,
  );
}

function featuresTable(data: CvData): Html {
  return html`<details>
    <summary>
      ${plural(data.features.length, 'feature')}${data.leftOut.length > 0 && html`, ${plural(data.leftOut.length, 'column')} left out`}
    </summary>
    ${table(
      data.features,
      [
        { heading: 'Feature', cell: ({ name }) => clipped(name, 60), kind: 'key' },
        { heading: 'Kind', cell: ({ kind }) => clipped(kind, 20), kind: 'key' },
        numbers('Levels', 'features.levels', ({ levels }) => levels, count),
        numbers('Missing', 'features.missing', ({ missing }) => missing, count),
        {
          heading: 'of the rows',
          cell: ({ missing }) => (missing === 0 ? dash : share(missing / data.rows)),
          kind: 'number',
        },
      ],
      { label: 'Features', key: ({ name }) => name, maxRows: 150, maxBytes: 60_000 },
    )}
    ${
      data.leftOut.length > 0 &&
      html`<div class="apart">
        ${table(
          data.leftOut,
          [
            { heading: 'Left out', cell: ({ name }) => clipped(name, 60), kind: 'key' },
            { heading: 'Why', cell: ({ reason }) => clipped(reason, 240), kind: 'words' },
          ],
          { label: 'Columns that are no features', maxRows: 60 },
        )}
      </div>`
    }
  </details>`;
}

function strataTable({ strata }: CvData): Html | false {
  return (
    strata.length > 0 &&
    html`<details>
      <summary>${plural(strata.length, 'stratum', 'strata')}</summary>
      ${table(
        strata,
        [
          { heading: 'Stratum', cell: ({ stratum }) => clipped(stratum, 60), kind: 'key' },
          numbers('Rows', 'summary.strata.rows', ({ rows }) => rows, count),
          numbers('Events', 'summary.strata.events', ({ events }) => events, count),
          {
            heading: 'Event rate',
            cell: ({ rows, events }) => (rows === 0 ? dash : share(events / rows)),
            kind: 'number',
          },
          numbers('Median time', 'summary.strata.median_time', ({ medianTime }) => medianTime, time),
        ],
        { label: 'Strata of the data', key: ({ stratum }) => stratum, maxRows: 60 },
      )}
    </details>`
  );
}

const splitterWords: Record<string, string> = {
  stratified: 'Shuffled by the seed, the same share of each class (or of events) in every fold.',
  timeSeries: 'In order of time: each fold is trained on what lies before its test rows.',
  given: 'As a column of the file says.',
};

/** Null until the folds are prepared. */
export function splitsSection(report: CvReport): Html | null {
  const { folds, request, data } = report;
  if (folds.length === 0) return null;
  const ranged = folds.every(({ train, test }) => train !== null && test !== null);
  const end = ranged ? Math.max(...folds.map(({ test }) => test![1])) + 1 : 0;
  const rated = folds.some(({ trainEvents }) => trainEvents !== null);
  const word = request.task === 'survival' ? 'events' : 'positives';
  const names = rated ? [] : [...new Set(folds.flatMap(({ classes }) => classes.map(([name]) => name)))];
  const columns: Column<CvFold>[] = [
    { heading: 'Fold', cell: ({ fold }) => count(fold), kind: 'key' },
    ...(ranged
      ? [{ heading: 'Rows of the file', cell: (fold: CvFold) => rowsOf(fold, end) } satisfies Column<CvFold>]
      : []),
    numbers('Training rows', 'cv_folds.train_rows', ({ trainRows }) => trainRows, count),
    numbers('Test rows', 'cv_folds.test_rows', ({ testRows }) => testRows, count),
    ...(rated
      ? [
          numbers<CvFold, number | null>(
            `${word}, training`,
            'cv_folds.train_share',
            ({ trainEvents, trainRows }) => ratio(trainEvents, trainRows),
            share,
          ),
          numbers<CvFold, number | null>(
            `${word}, test`,
            'cv_folds.test_share',
            ({ testEvents, testRows }) => ratio(testEvents, testRows),
            share,
          ),
        ]
      : names
          .slice(0, mostClasses)
          .map((name) =>
            numbers<CvFold, number | null>(
              clipped(name, 24),
              `cv_folds.class ${name}`,
              ({ classes, testRows }) =>
                ratio(classes.find(([each]) => each === name)?.[1] ?? null, testRows),
              share,
            ),
          )),
    numbers('Columns', 'cv_folds.columns', (fold) => fold.columns, count),
    ...(folds.some(({ tau }) => tau !== null)
      ? [numbers<CvFold, number | null>('Scored to τ', 'cv_folds.tau', ({ tau }) => tau, time)]
      : []),
  ];
  return section(
    'Folds',
    html`${splitterWords[request.splitter] ?? clipped(request.splitter, 60)}
    ${names.length > 0 && 'Shares of each class are of the test rows.'}
    ${data !== null && html`Membership of every row: sha256 ${clipped(data.membershipSha256, 16)}`}`,
    html`${
      ranged &&
      html`<p class="note">
        ${legend([
          { name: 'training rows', sign: boxSign('var(--mark-soft)') },
          { name: 'test rows', sign: boxSign('var(--mark)') },
        ])}
      </p>`
    }${table(folds, columns, { label: 'Folds', key: ({ fold }) => String(fold), maxRows: 100 })}`,
  );
}

function boxSign(fill: string): Html {
  return html`<svg viewBox="0 0 24 14" aria-hidden="true">
    <rect x="1" y="2" width="22" height="10" fill="${fill}" />
  </svg>`;
}

function ratio(part: number | null, whole: number): number | null {
  return part === null || whole === 0 ? null : part / whole;
}

function rowsOf({ train, test }: CvFold, end: number): Html {
  const place = ([first, last]: [number, number]) =>
    html`x="${Math.round((first / end) * 1000)}"
    width="${Math.max(4, Math.round(((last + 1 - first) / end) * 1000))}"`;
  const written = ([first, last]: [number, number]) => `${count(first)} to ${count(last)}`;
  return html`<svg
    class="rows"
    viewBox="0 0 1000 10"
    preserveAspectRatio="none"
    role="img"
    aria-label="${`Training rows ${written(train!)}, test rows ${written(test!)}`}"
  >
    <rect class="track" width="1000" height="10" />
    <rect class="train" ${place(train!)} height="10" />
    <rect class="test" ${place(test!)} height="10" />
  </svg>`;
}

/** Null where nothing was generated. */
export function samplesSection({ data }: CvReport): Html | null {
  if (data === null || data.samples.length === 0) return null;
  return section(
    'Sample features',
    html`Values of a few generated columns in the order of the file, with the component that was put into
    each: what a model has to see through, or to use.`,
    html`<div class="multiples">${data.samples.slice(0, 8).map(sampleOf)}</div>`,
  );
}

function sampleOf({ name, component, values }: Sample, i: number): Html {
  const known = values.flatMap((value) => value ?? []);
  return smallMultiple(
    curveChart({
      id: `sample-${i}`,
      title: `${name}${component === null ? '' : `, ${component}`}`,
      description: `${known.length} values from ${time(Math.min(...known))} to ${time(Math.max(...known))}.`,
      lines: [
        {
          name,
          look: { ...lookOf([], ''), width: 1.4 },
          points: values.flatMap((value, row): Point[] => (value === null ? [] : [[row, value]])),
        },
      ],
      xTitle: 'samples',
      height: { wide: 180, narrow: 180 },
    }),
    html`<h3>
      ${clipped(name, 40)} ${component !== null && html`<small>${clipped(component, 40)}</small>`}
    </h3>`,
  );
}
