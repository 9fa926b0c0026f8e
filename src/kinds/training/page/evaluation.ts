/** The winner on rows that nobody had looked at: figures, curves, thresholds, residuals, later files, drift. */
import { smallMultiple } from '../../../pages/charts/render.ts';
import { clipped, count, dash, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { curveChart, observedLook, predictedLook } from '../../cross-validation/page/charts.ts';
import type { CurveChart } from '../../cross-validation/page/charts.ts';
import type { Point } from '../../cross-validation/page/curves.ts';
import type { Evaluation } from '../outcome.ts';
import type { TrainingReport } from './data.ts';
import { metricsShown, score, titleOf } from './figures.ts';
import { testOf } from './head.ts';
import { driftOfChance, muchDrift, someDrift } from '../../../planning/drift.ts';

/** As spark/sevenfold_jobs/training/metrics.py writes it. */
interface Detail {
  roc?: Point[];
  precisionRecall?: Point[];
  deciles?: Decile[];
  calibration?: { rows: number; predicted: number; observed: number }[];
  confusion?: { threshold: number; classes: string[]; rows: number[][] };
  byClass?: { name: string; rows: number; precision: number; recall: number }[];
  residuals?: { edges: number[]; rows: number[] };
  drift?: Record<string, number>;
}

interface Decile {
  decile: number;
  rows: number;
  positives: number;
  rate: number;
  lift: number;
  captured: number;
  ks: number;
}

export function detailOf(evaluation: Evaluation | undefined): Detail {
  return evaluation?.detail ?? {};
}

/** Null before the test. */
export function testSection(report: TrainingReport): Html | null {
  const { selection, evaluations, request } = report;
  const winner = testOf(report, 'winner');
  if (winner === undefined || selection === null) return null;
  const names = metricsShown(Object.keys(winner.figures), selection.metric);
  const of = (part: string, candidate: Evaluation['candidate']) =>
    evaluations.find((each) => each.part === part && each.candidate === candidate);
  const parts = [...new Set(evaluations.map(({ part }) => part))];
  const title = (part: string): string =>
    part === 'test' ? 'Test' : (request.oot[Number(part.split(' ')[1]) - 1]?.name ?? part);
  const columns = parts.flatMap((part): Column<string>[] => [
    {
      heading: `${title(part)}: model`,
      cell: (name) => withInterval(of(part, 'winner'), name),
      figure: `${part}.winner`,
      value: (name) => of(part, 'winner')?.figures[name] ?? null,
      kind: 'number',
    },
    numbers(
      `${title(part)}: baseline`,
      `${part}.baseline`,
      (name) => of(part, 'baseline')?.figures[name] ?? null,
      score,
    ),
  ]);
  return section(
    'Test',
    html`The chosen model and the baseline on rows that were opened once, after the choice. In brackets 95 %
    intervals, by drawing rows again.`,
    html`${table(names, [{ heading: 'Figure', cell: titleOf, kind: 'key' }, ...columns], {
        label: 'Figures on the test rows and on later files',
        key: (name) => name,
      })}
      <div class="multiples">${curves(detailOf(winner))}</div>
      ${decilesTable(detailOf(winner))} ${confusionTable(detailOf(winner))}`,
  );
}

function withInterval(evaluation: Evaluation | undefined, name: string): string {
  const interval = evaluation?.intervals[name];
  const text = score(evaluation?.figures[name]);
  return interval === undefined ? text : `${text} (${score(interval[0])} to ${score(interval[1])})`;
}

function curves({ roc, precisionRecall, calibration, residuals, deciles }: Detail): Html[] {
  const drawn: CurveChart[] = [];
  const shares = { yTick: (value: number) => value.toFixed(1), yRange: { min: 0, max: 1 } };
  if (roc !== undefined) {
    drawn.push({
      id: 'roc',
      title: 'ROC',
      description: 'True positive rate over false positive rate; the dashed line is a coin',
      lines: [
        { name: 'model', look: observedLook, points: roc },
        {
          name: 'coin',
          look: predictedLook,
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
      xTitle: 'false positive rate',
      ...shares,
    });
  }
  if (precisionRecall !== undefined) {
    drawn.push({
      id: 'pr',
      title: 'Precision and recall',
      description: 'Precision over recall',
      lines: [{ name: 'model', look: observedLook, points: precisionRecall }],
      xTitle: 'recall',
      ...shares,
    });
  }
  if (deciles !== undefined) {
    drawn.push({
      id: 'gain',
      title: 'Captured',
      description: 'Share of the positive rows among the rows with the highest scores',
      lines: [
        {
          name: 'model',
          look: observedLook,
          points: [[0, 0], ...deciles.map((each): Point => [each.decile / 10, each.captured])],
        },
        {
          name: 'coin',
          look: predictedLook,
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
      xTitle: 'share of rows, highest scores first',
      ...shares,
    });
  }
  if (calibration !== undefined && calibration.length > 1) {
    const values = calibration.flatMap(({ predicted, observed }) => [predicted, observed]);
    const ends: Point[] = [
      [Math.min(...values), Math.min(...values)],
      [Math.max(...values), Math.max(...values)],
    ];
    drawn.push({
      id: 'calibration',
      title: 'Calibration',
      description: 'What came over what was predicted, in ten parts; the dashed line is as predicted',
      lines: [
        {
          name: 'observed',
          look: observedLook,
          points: calibration.map((each): Point => [each.predicted, each.observed]),
        },
        { name: 'as predicted', look: predictedLook, points: ends },
      ],
      xTitle: 'predicted',
    });
  }
  if (residuals !== undefined) {
    const { edges, rows } = residuals;
    drawn.push({
      id: 'residuals',
      title: 'Errors',
      description: 'How often an error occurs: actual less predicted',
      lines: [
        {
          name: 'rows',
          look: observedLook,
          points: rows.map((number, i): Point => [(edges[i]! + edges[i + 1]!) / 2, number]),
        },
      ],
      xTitle: 'actual less predicted',
    });
  }
  return drawn.map((chart) => smallMultiple(curveChart(chart), html`<h3>${chart.title}</h3>`));
}

function decilesTable({ deciles }: Detail): Html | false {
  if (deciles === undefined) return false;
  const rate = (value: number) => share(value);
  return html`<details open>
    <summary>Lift by decile</summary>
    ${table(
      deciles,
      [
        numbers('Decile', 'deciles.decile', ({ decile }) => decile, count),
        numbers('Rows', 'deciles.rows', ({ rows }) => rows, count),
        numbers('Positive', 'deciles.positives', ({ positives }) => positives, count),
        numbers('Rate', 'deciles.rate', (each) => each.rate, rate),
        numbers(
          'Lift',
          'deciles.lift',
          ({ lift }) => lift,
          (value) => value.toFixed(2),
        ),
        numbers('Captured', 'deciles.captured', ({ captured }) => captured, rate),
        numbers('KS', 'deciles.ks', ({ ks }) => ks, score),
      ],
      { label: 'Rows by falling score in ten parts', key: ({ decile }) => String(decile) },
    )}
  </details>`;
}

const mostClasses = 20;

function confusionTable({ confusion, byClass }: Detail): Html | false {
  if (confusion === undefined || byClass === undefined) return false;
  const { classes, rows, threshold } = confusion;
  const shown = classes.slice(0, mostClasses);
  return html`<div class="apart">
    ${table(
      shown.map((name, code) => ({ name, code })),
      [
        { heading: 'Actual', cell: ({ name }) => clipped(name, 40), kind: 'key' },
        ...shown.map((name, code): Column<{ name: string; code: number }> =>
          numbers(`as ${clipped(name, 24)}`, `confusion.${name}`, (row) => rows[row.code]![code]!, count),
        ),
        numbers('Precision', 'byClass.precision', ({ code }) => byClass[code]!.precision, share),
        numbers('Recall', 'byClass.recall', ({ code }) => byClass[code]!.recall, share),
      ],
      { label: 'Actual classes over predicted ones', key: ({ name }) => name },
    )}
    <p class="note">
      ${classes.length === 2 && html`A row counts as ${clipped(classes[1]!, 40)} from ${score(threshold)} on. `}${classes.length > mostClasses && html`The first ${count(mostClasses)} of ${count(classes.length)} classes.`}
    </p>
  </div>`;
}

/** Null where neither the test nor a later file shows a change. */
export function driftSection(report: TrainingReport): Html | null {
  const rows = report.evaluations
    .filter(({ candidate }) => candidate === 'winner')
    .flatMap(({ part, rows, detail }) =>
      Object.entries((detail as Detail).drift ?? {}).map(([name, psi]) => ({ part, rows, name, psi })),
    )
    .filter(({ psi, rows }) => psi >= Math.max(someDrift, driftOfChance(rows)))
    .sort((a, b) => b.psi - a.psi);
  if (rows.length === 0) return null;
  return section(
    'Drift',
    html`Population stability index of a column against the training rows: below ${someDrift} nothing to speak
    of, from ${muchDrift} on a lot; of few rows only what chance alone hardly makes.`,
    table(
      rows,
      [
        { heading: 'Column', cell: ({ name }) => clipped(name, 60), kind: 'key' },
        { heading: 'Rows of', cell: ({ part }) => part, kind: 'key' },
        numbers(
          'PSI',
          'drift.psi',
          ({ psi }) => psi,
          (value) => (value === null ? dash : value.toFixed(3)),
        ),
        { heading: '', cell: ({ psi }) => psi >= muchDrift && verdict('warn', 'changed'), kind: 'key' },
      ],
      {
        label: 'Columns whose values are distributed otherwise',
        key: ({ part, name }) => `${part} ${name}`,
        maxRows: 60,
      },
    ),
  );
}
