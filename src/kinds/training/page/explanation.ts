/** What the model goes by. */
import { smallMultiple } from '../../../pages/charts/render.ts';
import { strip } from '../../../pages/charts/strip.ts';
import { clipped } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Html } from '../../../pages/page.ts';
import { curveChart, observedLook } from '../../cross-validation/page/charts.ts';
import type { Point } from '../../cross-validation/page/curves.ts';
import type { Importance, TrainingReport } from './data.ts';
import { score } from './figures.ts';

const mostRows = 60;

/** Null before it is known. */
export function explanationSection({ importances, data }: TrainingReport): Html | null {
  if (importances.length === 0 || data?.task === 'clustering') return null;
  const most = Math.max(...importances.map(({ permutation }) => permutation));
  const loss = data?.task === 'regression' ? 'mean squared error' : 'log loss';
  return section(
    'What it goes by',
    html`By how much the ${loss} grows when a column's values are dealt to other rows: the mean of three
    times, on test rows. Columns that say the same share it. A contribution is what a column adds to the score
    of a row, on average without its sign.`,
    html`${table(
        importances,
        [
          { heading: 'Column', cell: ({ feature }) => clipped(feature, 60), kind: 'key' },
          numbers('Importance', 'training_importances.permutation', ({ permutation }) => permutation, small),
          {
            heading: '',
            cell: ({ permutation }) =>
              most > 0 &&
              permutation > 0 &&
              strip(0, permutation / most, `${score(permutation)}, the most is ${score(most)}`),
          },
          numbers('±', 'training_importances.deviation', ({ deviation }) => deviation, small),
          numbers(
            'Contribution',
            'training_importances.contribution',
            ({ contribution }) => contribution,
            small,
          ),
        ],
        { label: 'Columns by importance', key: ({ feature }) => feature, maxRows: mostRows },
      )}
      <div class="multiples">${importances.flatMap(shapeOf)}</div>`,
  );
}

function small(value: number | null): string {
  if (value === null) return score(value);
  return Math.abs(value) >= 10 ? score(value) : value.toFixed(5);
}

/** The mean prediction, were a column the same in all rows. */
function shapeOf({ feature, dependence: drawn }: Importance, number: number): Html[] {
  if (drawn === null || drawn.length < 2) return [];
  const dependence = drawn as { value: number | string; mean: number }[];
  const heading = html`<h3>${clipped(feature, 40)}</h3>`;
  if (typeof dependence[0]!.value === 'string') {
    const means = dependence.map(({ mean }) => mean);
    const [low, high] = [Math.min(...means, 0), Math.max(...means)];
    return [
      html`<figure class="small">
        ${heading}
        ${table(
          dependence,
          [
            { heading: 'Value', cell: ({ value }) => clipped(String(value), 30), kind: 'key' },
            numbers('Mean prediction', 'dependence.mean', ({ mean }) => mean, score),
            {
              heading: '',
              cell: ({ mean }) => high > low && strip(0, (mean - low) / (high - low), score(mean)),
            },
          ],
          { label: `Mean prediction by ${feature}`, key: ({ value }) => String(value) },
        )}
      </figure>`,
    ];
  }
  return [
    smallMultiple(
      curveChart({
        id: `dependence-${number}`,
        title: feature,
        description: `Mean prediction over ${feature}`,
        lines: [
          {
            name: 'mean prediction',
            look: observedLook,
            points: dependence.map(({ value, mean }): Point => [Number(value), mean]),
          },
        ],
        xTitle: clipped(feature, 40),
      }),
      heading,
    ),
  ];
}
