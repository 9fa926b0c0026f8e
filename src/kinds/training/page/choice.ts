/** The models against each other, and the trials of each. */
import { figureOf } from '../../../pages/charts/render.ts';
import { clipped, count, dash, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { plural } from '../../../pages/sections/common.ts';
import { curveChart, lookOf } from '../../cross-validation/page/charts.ts';
import type { Point } from '../../cross-validation/page/curves.ts';
import { higherIsBetter } from '../models.ts';
import type { BoardRow, TrainingReport, TrialRow } from './data.ts';
import { better, metricsShown, score, titleOf } from './figures.ts';

/** Null before a choice is made. */
export function choiceSection({ selection, board }: TrainingReport): Html | null {
  if (selection === null || board.length === 0) return null;
  const { metric } = selection;
  const names = Object.keys(board[0]?.figures ?? {});
  const others = metricsShown(names, metric)
    .slice(1)
    .filter((name) => !['precision', 'recall', 'brier', 'median_absolute_error'].includes(name));
  return section(
    'Choice',
    html`By predictions of rows that a fit was not given; ${better(metric)}. Of models that are within one
    standard error of the best the simplest is kept. The test rows have no part in it.`,
    html`<p class="lead">${clipped(selection.reason, 600)}</p>
      ${table(
        board,
        [
          {
            heading: 'Model',
            cell: ({ label, chosen }) =>
              html`${clipped(label, 48)}${chosen === true && html` ${verdict('good', 'chosen')}`}`,
            kind: 'key',
          },
          numbers(titleOf(metric), `leaderboard.${metric}`, ({ value }) => value, score),
          numbers('± 95 %', 'leaderboard.half', halfOf, score),
          {
            heading: 'Behind the best',
            cell: behind,
            figure: 'leaderboard.difference',
            value: ({ difference }) => difference ?? null,
            kind: 'number',
          },
          ...others.map((name): Column<BoardRow> =>
            numbers(titleOf(name), `leaderboard.${name}`, ({ figures }) => figures?.[name] ?? null, score),
          ),
          numbers('Trials', 'leaderboard.trials', ({ trials }) => trials ?? null, count),
          { heading: 'Made of', cell: madeOf, kind: 'words' },
        ],
        {
          label: 'Models, the best first',
          key: ({ label }) => label,
          highlight: ({ chosen }) => chosen === true,
        },
      )}`,
  );
}

function halfOf({ standardError }: BoardRow): number | null {
  return standardError == null ? null : 1.96 * standardError;
}

function behind({ difference, differenceError, value }: BoardRow): string {
  if (value === null || difference === undefined) return dash;
  if (differenceError == null) return 'best';
  return `${score(difference)} ± ${score(differenceError)}`;
}

function madeOf({ members, trial, error }: BoardRow): string {
  if (error !== undefined) return clipped(error, 240);
  if (members !== undefined && members.length > 1) {
    return members
      .map(({ model, weight, trial: number }) => `${weight} × ${model} (trial ${number})`)
      .join(' + ');
  }
  return trial == null ? '' : `trial ${trial}`;
}

/** Null where no model was tuned. */
export function trialsSection({ trials, selection, request }: TrainingReport): Html | null {
  const models = [...new Set(trials.map(({ model }) => model))].filter(
    (model) => trials.filter((trial) => trial.model === model).length > 1,
  );
  if (models.length === 0 || selection === null) return null;
  const { metric } = selection;
  const best = (model: string): Point[] => {
    let so: number | null = null;
    return trials
      .filter((trial) => trial.model === model)
      .flatMap(({ trial, value }): Point[] => {
        if (value !== null && (so === null || (higherIsBetter(metric) ? value > so : value < so))) so = value;
        return so === null ? [] : [[trial, so]];
      });
  };
  const failed = trials.filter(({ value }) => value === null);
  return section(
    'Trials',
    html`The best ${titleOf(metric)} after each trial, by the mean over folds. Trial 0 has the defaults; each
    learns from those before it but for
    ${plural(request.parallel - 1, 'that may still be under way', 'that may still be under way')}.`,
    html`${figureOf(
        curveChart({
          id: 'trials',
          title: 'Best so far',
          description: `The best ${titleOf(metric)} after each trial of ${models.join(', ')}`,
          lines: models.map((model) => ({
            name: model,
            look: lookOf(models, model),
            points: best(model),
            step: true,
          })),
          xTitle: 'trial',
          yTick: score,
        }),
      )}
      ${failed.length > 0 && html`<p class="note">${plural(failed.length, 'trial')} failed: ${clipped(failed[0]!.error, 240)}</p>`}
      <details>
        <summary>${plural(trials.length, 'trial')}</summary>
        ${table(
          trials,
          [
            { heading: 'Trial', cell: nameOf, kind: 'key' },
            numbers(titleOf(metric), 'training_fits.value', ({ value }) => value, score),
            numbers('CPU', 'training_fits.cpu_seconds', ({ cpuSeconds }) => cpuSeconds, seconds),
            { heading: 'Parameters', cell: ({ params }) => clipped(paramWords(params), 300), kind: 'words' },
          ],
          { label: 'Every trial', key: nameOf, maxRows: 200, maxBytes: 120_000 },
        )}
      </details>`,
  );
}

function nameOf({ model, trial }: TrialRow): string {
  return `${model} ${trial}`;
}

export function paramWords(params: Record<string, unknown>): string {
  const words = Object.entries(params).map(([name, value]) => {
    const plain = typeof value === 'number' ? Number(value.toPrecision(3)).toString() : JSON.stringify(value);
    return `${name} ${plain}`;
  });
  return words.length === 0 ? 'none' : words.join(', ');
}
