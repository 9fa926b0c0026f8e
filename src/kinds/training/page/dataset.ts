/** The data: a verdict for every column, what became of the rows, and how they were parted. */
import { figure } from '../../../pages/figures.ts';
import { clipped, count, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import type { TrainingData, TrainingReport } from './data.ts';

const mostWarnings = 20;

/** Null where there is nothing to warn of. */
export function warningsSection({ data }: TrainingReport): Html | null {
  if (data === null || data.warnings.length === 0) return null;
  return section(
    'Mind',
    'What the data show that may make the figures mean something else.',
    html`<ul class="warned">
      ${data.warnings.slice(0, mostWarnings).map((warning) => html`<li>${verdict('warn', 'warning')} ${clipped(warning, 300)}</li>`)}
      ${data.warnings.length > mostWarnings && html`<li class="quiet">${count(data.warnings.length - mostWarnings)} more in the database</li>`}
    </ul>`,
  );
}

const validationWords: Record<string, string> = {
  folds: 'folds validate in turn',
  holdout: 'one part validates',
  none: 'every row is grouped',
  time: 'the newest rows test, those before them validate',
};

export function dataSection({ data }: TrainingReport): Html | null {
  if (data === null) return null;
  const dropped = Object.entries(data.dropped);
  const out = dropped.reduce((sum, [, rows]) => sum + rows, 0);
  return section(
    'Data',
    html`Rows used and dropped add up to those of the file. Gaps, levels and scales are learnt inside every
    fold from its training rows.`,
    html`<p class="lead">
        ${figure('training_data.rows', data.rows, count(data.rows))} of
        ${figure('training_data.file_rows', data.fileRows, count(data.fileRows))} rows take
        part${out > 0 && html`; left out: ${dropped.map(([reason, rows], i) => html`${i > 0 && ', '}${clipped(reason, 60)} ${figure('training_data.dropped', rows, count(rows), reason)}`)}`}.
        ${data.classes.length > 0 && classesOf(data)}
        ${data.summary['mean'] !== undefined && html`The target is ${number(data.summary['mean'])} on average, deviation ${number(data.summary['deviation'])}, from ${number(data.summary['min'])} to ${number(data.summary['max'])}.`}
        ${data.split !== null && html`Parts: ${validationWords[data.split.validation] ?? data.split.validation}.`}
      </p>
      ${
        data.split !== null &&
        table(
          data.split.parts,
          [
            { heading: 'Part', cell: ({ part }) => part, kind: 'key' },
            numbers('Rows', 'split.rows', ({ rows }) => rows, count),
            { heading: 'of all', cell: ({ rows }) => share(rows / data.rows), kind: 'number' },
          ],
          { label: 'Parts of the rows', key: ({ part }) => part },
        )
      }
      ${columnsTable(data)}`,
  );
}

function classesOf({ classes, rows }: TrainingData): Html {
  const shown = classes.slice(0, 8);
  return html`Classes:
  ${shown.map(({ name, rows: mine }, i) => html`${i > 0 && ', '}${clipped(name, 30)} ${figure('classes.rows', mine, count(mine), name)} (${share(mine / rows)})`)}${classes.length > shown.length && html`, and ${count(classes.length - shown.length)} more`}.`;
}

function columnsTable({ columns, rows }: TrainingData): Html {
  const used = columns.filter(({ verdict: said }) => said === 'used').length;
  return html`<details>
    <summary>${plural(columns.length, 'column')}, ${count(used)} used</summary>
    ${table(
      columns,
      [
        { heading: 'Column', cell: ({ name }) => clipped(name, 60), kind: 'key' },
        { heading: 'Verdict', cell: (column) => column.verdict, kind: 'key' },
        { heading: 'Kind', cell: ({ kind }) => kind ?? '', kind: 'key' },
        numbers('Gaps', 'columns.gaps', ({ gaps }) => gaps ?? null, count),
        {
          heading: 'of the rows',
          cell: ({ gaps }) => (gaps === undefined || gaps === 0 ? '' : share(gaps / rows)),
          kind: 'number',
        },
        numbers('Levels', 'columns.levels', ({ levels }) => levels ?? null, count),
        { heading: 'Why', cell: ({ reason }) => clipped(reason, 160), kind: 'words' },
      ],
      { label: 'A verdict for every column', key: ({ name }) => name, maxRows: 300, maxBytes: 100_000 },
    )}
  </details>`;
}

function number(value: number | undefined): string {
  return value === undefined ? '' : value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}
