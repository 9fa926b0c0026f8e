/** How good the forecasts are against naive, also where naive is better: that is the rule rather than the exception. */
import { figureOf, legend, smallMultiple } from '../../../pages/charts/render.ts';
import { count, dash, fine, percent, share } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Fragment, Html } from '../../../pages/page.ts';
import { dayTicks, groundLook, linesChart, lookOf, monthTick, naive } from './charts.ts';
import type { LookedLine } from './charts.ts';
import type { BackfillReport, EvaluationRow, Score } from './content.ts';
import { modelKey } from './data.ts';

/** Below it a difference is not put down to chance. */
const significant = 0.05;

type Scored = Pick<EvaluationRow, 'modelVersion' | 'horizon' | 'skillMae' | 'dmP'>;

/** One sentence: which model beats naive, at which horizon, and whether that is more than chance. */
export function skillInWords({ evaluation, scores }: BackfillReport): Fragment {
  const rows = evaluation.length > 0 ? evaluation : pooledSkill(scores.all);
  const others = rows.filter(
    (row): row is Scored & { skillMae: number } =>
      modelKey(row.modelVersion) !== naive && Number.isFinite(row.skillMae),
  );
  if (others.length === 0) return null;
  const better = others.filter(({ skillMae }) => skillMae > 0);
  const sure = better.filter(({ dmP }) => dmP !== null && dmP < significant);
  const named = (row: Scored & { skillMae: number }) =>
    html`${row.modelVersion}
    (${row.horizon > 0 ? html`${row.horizon}${row.horizon === 1 ? ' day' : ' days'}, ` : false}${signed(row.skillMae)}${row.dmP !== null && html`, p = ${pValue(row.dmP)}`})`;
  const best = (of: typeof others) => [...of].sort((a, b) => b.skillMae - a.skillMae).slice(0, 3);
  const list = (of: typeof others) => best(of).map((row, i) => html`${i > 0 && ', '}${named(row)}`);
  const only = new Set(others.map(({ modelVersion }) => modelVersion)).size === 1;
  if (sure.length > 0) return html`Better than naive by mean absolute error: ${list(sure)}.`;
  if (better.length > 0) {
    return html`${only ? 'It does not beat' : 'None beats'} naive by more than chance; closest:
    ${list(better).slice(0, 1)}.`;
  }
  return html`${only ? 'It does not beat' : 'None of the models beats'} naive; closest:
  ${list(others).slice(0, 1)}.`;
}

/** Where no evaluation is stored: over all days ahead, without a test. */
function pooledSkill(all: readonly Score[]): Scored[] {
  return all.map(({ modelVersion, mae, persistence }) => ({
    modelVersion,
    horizon: 0,
    skillMae: mae === null || persistence === null || persistence === 0 ? null : 1 - mae / persistence,
    dmP: null,
  }));
}

/** Null where nothing is known to hold forecasts against. */
export function skillSection(report: BackfillReport): Html | null {
  const { evaluation, scores, commodity } = report;
  if (scores.all.length === 0) return null;
  const known = scores.all.some((row) => row.known > 0);
  const words = skillInWords(report);
  return section(
    'Skill against naive',
    html`Naive says "it stays where it is": what any forecast must beat. Skill is 1 − error : naive's error;
    above 0 is better than naive. The point is the median of the paths; errors in
    ${commodity.unit === '' ? 'the unit of the prices' : commodity.unit}.`,
    !known
      ? html`<p class="note">No close is known yet that a forecast could be held against.</p>`
      : html`${words !== null && html`<p class="lead">${words}</p>`}
          ${evaluation.length > 0 ? evaluationTable(evaluation) : pooledTable(scores.all)}
          ${evaluation.length === 0 && html`<p class="note">No evaluation of just this range is stored yet; these figures are pooled over all days ahead. The next run of the same range stores one.</p>`}
          ${evaluation.some(({ maeAlert }) => maeAlert) && html`<p class="note">${verdict('warn', 'newest errors above their history')}: ${[...new Set(evaluation.filter(({ maeAlert }) => maeAlert).map(({ modelVersion }) => modelVersion))].join(', ')}.</p>`}
          <div class="apart">${byDayCharts(report)}</div>`,
  );
}

function evaluationTable(rows: readonly EvaluationRow[]): Html {
  const columns: Column<EvaluationRow>[] = [
    {
      heading: 'Model',
      cell: ({ modelVersion, horizon }) =>
        horizon === 1 ? modelVersion : html`<span class="quiet">${modelVersion}</span>`,
      kind: 'key',
    },
    numbers('First days', 'forecast_evaluation.horizon', ({ horizon }) => horizon, count),
    numbers('Forecasts', 'forecast_evaluation.forecasts', ({ forecasts }) => forecasts, count),
    numbers('MAE', 'forecast_evaluation.mae', ({ mae }) => mae, fine),
    numbers('of naive', 'forecast_evaluation.naive_mae', ({ naiveMae }) => naiveMae, fine),
    {
      heading: 'Skill',
      figure: 'forecast_evaluation.skill_mae',
      value: ({ skillMae }) => skillMae,
      cell: skillCell,
      kind: 'number',
    },
    numbers('p (Diebold–Mariano)', 'forecast_evaluation.dm_p', ({ dmP }) => dmP, pValue),
    numbers('RMSE', 'forecast_evaluation.rmse', ({ rmse }) => rmse, fine),
    numbers('CRPS', 'forecast_evaluation.crps', ({ crps }) => crps, fine),
    numbers('Skill, CRPS', 'forecast_evaluation.skill_crps', ({ skillCrps }) => skillCrps, signed),
    numbers('In 80 %', 'forecast_evaluation.coverage_80', ({ cover80 }) => cover80, share),
    numbers('In 95 %', 'forecast_evaluation.coverage_95', ({ cover95 }) => cover95, share),
  ];
  return table(rows, columns, {
    label: 'Scores by model and horizon',
    key: ({ modelVersion, horizon }) => `${modelVersion}/${horizon}`,
    maxRows: 60,
  });
}

/** The sign in words too: a tick for better than naive, a cross for worse. */
function skillCell({ modelVersion, skillMae, dmP }: EvaluationRow): Fragment {
  if (skillMae === null || modelKey(modelVersion) === naive) return signed(skillMae);
  if (skillMae > 0) return verdict(dmP !== null && dmP < significant ? 'good' : 'quiet', signed(skillMae));
  return verdict('bad', signed(skillMae));
}

function pooledTable(rows: readonly Score[]): Html {
  return table(
    rows,
    [
      { heading: 'Model', cell: ({ modelVersion }) => modelVersion, kind: 'key' },
      numbers('Points', 'scores.known', ({ known }) => known, count),
      numbers('MAE', 'scores.mae', ({ mae }) => mae, fine),
      numbers('of naive', 'scores.persistence', ({ persistence }) => persistence, fine),
      numbers('RMSE', 'scores.rmse', ({ rmse }) => rmse, fine),
      numbers('CRPS', 'scores.crps', ({ crps }) => crps, fine),
      numbers('In 80 %', 'scores.cover80', ({ cover80 }) => cover80, share),
      numbers('In 95 %', 'scores.cover95', ({ cover95 }) => cover95, share),
    ],
    { label: 'Scores by model', key: ({ modelVersion }) => modelVersion, maxRows: 60 },
  );
}

const naiveName = 'naive: it stays where it is';

/** Naive's own line where it is one of the models, else what "it stays where it is" would have given. */
function naiveLines(
  report: BackfillReport,
  rows: readonly Score[],
  places: readonly string[],
  place: (row: Score) => string,
) {
  if (report.models.some((model) => modelKey(model) === naive)) return [];
  const first = rows.filter(({ modelVersion }) => modelVersion === report.models[0]);
  const values = new Map(first.map((row) => [place(row), row.persistence]));
  return [
    {
      name: naiveName,
      look: lookOf([], naive),
      values: places.map((each) => values.get(each) ?? null),
    },
  ];
}

function modelLines(
  report: BackfillReport,
  rows: readonly Score[],
  places: readonly string[],
  place: (row: Score) => string,
): LookedLine[] {
  return [
    ...report.models.map((model) => {
      const values = new Map(
        rows.filter(({ modelVersion }) => modelVersion === model).map((row) => [place(row), row.mae]),
      );
      return {
        name: model,
        look: lookOf(report.models, model),
        values: places.map((each) => values.get(each) ?? null),
      };
    }),
    ...naiveLines(report, rows, places, place),
  ];
}

/** The errors, and beside them the same as a share of naive's: there even small differences can be seen. */
function byDayCharts(report: BackfillReport): Html | false {
  const rows = report.scores.byDay.filter(({ known }) => known > 0);
  const days = [...new Set(rows.map(({ dayAhead }) => dayAhead!))].sort((a, b) => a - b).map(String);
  if (days.length === 0) return false;
  const lines = modelLines(report, rows, days, ({ dayAhead }) => String(dayAhead));
  const naiveValues = lines.find(isNaive)?.values ?? [];
  const relative = lines.map((line) => ({
    ...line,
    values: line.values.map((value, i) => {
      const base = naiveValues[i];
      return value === null || base === null || base === undefined || base === 0 ? null : value / base;
    }),
  }));
  const drawn = (id: string, title: string, shown: readonly LookedLine[], write: (value: number) => string) =>
    linesChart({
      id,
      title,
      description: shown
        .map(({ name, values }) => {
          const [first, last] = [values[0], values.at(-1)].map((value) =>
            value == null ? dash : write(value),
          );
          return `${name}: ${first} on day ${days[0]}, ${last} on day ${days.at(-1)}.`;
        })
        .join(' '),
      categories: days,
      categoryInterval: dayTicks(days),
      lines: shown,
      tick: id === 'mae-by-day' ? String : wholePercent,
      fromZero: id === 'mae-by-day',
      xTitle: 'trading days ahead',
      height: { wide: 240, narrow: 240 },
    });
  const errors = drawn('mae-by-day', 'Mean absolute error by day ahead', lines, fine);
  return html`<p class="note">${legend(errors.legend)}</p>
    <div class="pair">
      ${smallMultiple(errors, html`<h3>Mean absolute error <small>lower is better</small></h3>`)}
      ${
        relative.some((line) => !isNaive(line)) &&
        smallMultiple(
          drawn('mae-to-naive', "Mean absolute error as a share of naive's", relative, share),
          html`<h3>As a share of naive's <small>below 100 % is better</small></h3>`,
        )
      }
    </div>
    <details>
      <summary>Every day ahead in figures</summary>
      ${table(
        days,
        [
          { heading: 'Day ahead', cell: (day) => day, kind: 'key' },
          ...lines.map(({ name, values }): Column<string> =>
            numbers(name, `scores_by_day.mae ${name}`, (day) => values[days.indexOf(day)], fine),
          ),
        ],
        { label: 'Mean absolute error by day ahead and model', key: (day) => day },
      )}
    </details>`;
}

const isNaive = ({ name }: LookedLine): boolean => name === naiveName || modelKey(name) === naive;

function wholePercent(value: number): string {
  return `${Number((value * 100).toFixed(1))} %`;
}

/** By month of the forecast's start; null where nothing is known. */
export function overTimeSection(report: BackfillReport): Html | null {
  const { scores } = report;
  const rows = scores.byPeriod.filter(({ known }) => known > 0);
  const periods = [...new Set(rows.map(({ period }) => period!))].sort();
  if (periods.length < 2) return null;
  const all = modelLines(report, rows, periods, ({ period }) => period!);
  const base = all.find(isNaive);
  const shown = all.filter((line) => line !== base);
  const name = scores.period;
  const each = (line: LookedLine, i: number) =>
    figureOf(
      linesChart({
        id: `mae-over-time-${i}`,
        title: `Mean absolute error of ${line.name} by ${name}, beside naive`,
        description: overTimeInWords(line, base, periods, name),
        categories: periods,
        categoryTick: name === 'year' ? (day) => day.slice(0, 4) : monthTick,
        lines: base === undefined ? [line] : [{ ...base, look: groundLook, filled: true }, line],
        tick: String,
        fromZero: true,
        height: { wide: 190, narrow: 190 },
      }),
    );
  return section(
    'Error over time',
    html`Mean absolute error over all days ahead, by ${name} of the forecast's start. Where both lines rise,
    the market moved; where only one does, the model erred.`,
    html`${(shown.length > 0 ? shown : all).map(each)}
      <details>
        <summary>Every ${name} in figures</summary>
        ${table(
          [...periods].reverse(),
          [
            {
              heading: name === 'year' ? 'Year' : `From`,
              cell: (day) => (name === 'year' ? day.slice(0, 4) : monthTick(day)),
              kind: 'key',
            },
            ...all.map((line): Column<string> =>
              numbers(
                line.name,
                `scores_by_period.mae ${line.name}`,
                (day) => line.values[periods.indexOf(day)],
                fine,
              ),
            ),
          ],
          { label: `Mean absolute error by ${name} and model`, key: (day) => day, maxRows: 260 },
        )}
      </details>`,
  );
}

function overTimeInWords(
  line: LookedLine,
  base: LookedLine | undefined,
  periods: readonly string[],
  name: string,
): string {
  const pairs = line.values.flatMap((value, i) => {
    const other = base?.values[i];
    return value === null || other === null || other === undefined ? [] : [{ value, other }];
  });
  const better = pairs.filter(({ value, other }) => value < other).length;
  const worst = line.values.reduce<number>(
    (so, value, i) => ((value ?? -1) > (line.values[so] ?? -1) ? i : so),
    0,
  );
  return `${periods.length} ${name}s from ${periods[0]} on; largest ${fine(line.values[worst])} in ${monthTick(periods[worst]!)}.${base === undefined || base === line ? '' : ` Below naive in ${better} of ${pairs.length}.`}`;
}

/** +1.2 %: the sign is what matters. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  const text = Math.abs(value) < 0.0095 ? percent(value * 100) : share(value);
  return value > 0 && !text.startsWith('0.00') ? `+${text}` : text;
}

export function pValue(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  return value < 0.001 ? '<\u202f0.001' : fine(value);
}
