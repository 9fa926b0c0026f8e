/** Whether the intervals hold what they promise. */
import { figureOf, legend, smallMultiple } from '../../../pages/charts/render.ts';
import { count, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Fragment, Html } from '../../../pages/page.ts';
import { linesChart, lookOf, quantileLevels, reliabilityChart, reliabilityLegend } from './charts.ts';
import type { LookedLine } from './charts.ts';
import type { BackfillReport, Score } from './content.ts';

/** Closer than this to its promise an interval is called honest. */
const near = 0.03;

/** Null where no close is known. */
export function calibrationSection(report: BackfillReport): Html | null {
  const { models, scores } = report;
  const all = scores.all.filter(({ known }) => known > 0);
  if (all.length === 0) return null;
  const byDay = scores.byDay.filter(({ known }) => known > 0);
  return section(
    'Do the intervals hold?',
    html`Of the closes that came, 80 % should lie within the 80 % interval and 95 % within the 95 %. Pooled
    over all dates: single forecasts are too few days to say.`,
    html`${table(
        all,
        [
          { heading: 'Model', cell: ({ modelVersion }) => modelVersion, kind: 'key' },
          numbers('Closes', 'scores.known', ({ known }) => known, count),
          coverColumn('In 80 %', 'scores.cover80', ({ cover80 }) => cover80),
          { heading: '', cell: ({ cover80 }) => judged(cover80, 0.8), kind: 'key' },
          coverColumn('In 95 %', 'scores.cover95', ({ cover95 }) => cover95),
          { heading: '', cell: ({ cover95 }) => judged(cover95, 0.95), kind: 'key' },
        ],
        { label: 'Share of closes within the intervals, by model', key: ({ modelVersion }) => modelVersion },
      )}
      <div class="apart">${coverChart(report, byDay)}</div>
      <p class="lead">Reliability by day ahead</p>
      <p class="note">${legend(reliabilityLegend)}</p>
      <div class="pair">
        ${models.map((model, i) => {
          const days = byDay.filter(({ modelVersion }) => modelVersion === model);
          return (
            days.length > 0 &&
            smallMultiple(reliabilityChart(`reliability-${i}`, model, days), html`<h3>${model}</h3>`)
          );
        })}
      </div>
      <details>
        <summary>Reliability in figures</summary>
        ${table(
          byDay,
          [
            { heading: 'Model', cell: ({ modelVersion }) => modelVersion, kind: 'key' },
            numbers('Day ahead', 'scores_by_day.day_ahead', ({ dayAhead }) => dayAhead, count),
            numbers('Closes', 'scores_by_day.known', ({ known }) => known, count),
            ...quantileLevels.map((level, i): Column<Score> =>
              numbers(
                `≤ ${Number((level * 100).toFixed(1))} %`,
                `scores_by_day.reached ${level}`,
                ({ reached }) => reached[i],
                share,
              ),
            ),
            numbers('In 80 %', 'scores_by_day.cover80', ({ cover80 }) => cover80, share),
            numbers('In 95 %', 'scores_by_day.cover95', ({ cover95 }) => cover95, share),
          ],
          {
            label: 'Share of closes at or below each quantile, by model and day ahead',
            key: ({ modelVersion, dayAhead }) => `${modelVersion}/${dayAhead}`,
            maxRows: 120,
          },
        )}
      </details>`,
  );
}

function coverColumn(heading: string, name: string, value: (row: Score) => number | null): Column<Score> {
  return {
    ...{ heading, figure: name, value, kind: 'number' as const },
    cell: (row) => share(value(row)),
  };
}

function judged(cover: number | null, promise: number): Fragment {
  if (cover === null) return false;
  const off = cover - promise;
  if (Math.abs(off) <= near) return verdict('good', 'as promised');
  return off < 0 ? verdict('bad', 'too narrow') : verdict('warn', 'too wide');
}

function coverChart(report: BackfillReport, byDay: readonly Score[]): Html | false {
  const days = [...new Set(byDay.map(({ dayAhead }) => dayAhead!))].sort((a, b) => a - b);
  if (days.length < 2) return false;
  const promise = (level: number): LookedLine => ({
    name: `promised ${level * 100} %`,
    look: { colour: 'var(--rule)', dash: 'solid', width: 5 },
    values: days.map(() => level),
  });
  const lines = (of: (row: Score) => number | null) =>
    report.models.map((model): LookedLine => {
      const values = new Map(
        byDay.filter(({ modelVersion }) => modelVersion === model).map((row) => [row.dayAhead, of(row)]),
      );
      return {
        name: model,
        look: lookOf(report.models, model),
        values: days.map((day) => values.get(day) ?? null),
      };
    });
  const drawn = [
    promise(0.8),
    promise(0.95),
    ...lines(({ cover80 }) => cover80),
    ...lines(({ cover95 }) => cover95),
  ];
  const values = drawn.flatMap((line) => line.values.filter((value) => value !== null));
  const chart = linesChart({
    id: 'cover',
    title: 'Share of closes within the 80 % and the 95 % interval, by day ahead',
    description: lines(({ cover80 }) => cover80)
      .map((line, i) => {
        const wide = lines(({ cover95 }) => cover95)[i]!;
        return `${line.name}: ${share(line.values[0])} and ${share(wide.values[0])} on day ${days[0]}, ${share(line.values.at(-1))} and ${share(wide.values.at(-1))} on day ${days.at(-1)}.`;
      })
      .join(' '),
    categories: days.map(String),
    lines: drawn,
    tick: (value) => `${Math.round(value * 100)} %`,
    range: { min: Math.max(0, Math.floor(Math.min(...values) * 20 - 0.5) / 20), max: 1 },
    xTitle: 'trading days ahead',
    note: 'The upper lines belong to the 95 % interval, the lower ones to the 80 %.',
  });
  // Each model once: its two lines look the same.
  const signs = [...(chart.legend ?? [])].filter(
    ({ name }, i, those) => those.findIndex((each) => each.name === name) === i,
  );
  const promised = signs[0] && { ...signs[0], name: 'as promised' };
  return figureOf({ ...chart, legend: [...(promised ? [promised] : []), ...signs.slice(2)] });
}
