/** How good the forecasts are: held against what came, also when "same as yesterday" was better. */
import { lineChart } from '../../../../pages/charts/lines.ts';
import { figureOf, legend, smallMultiple } from '../../../../pages/charts/render.ts';
import { figure } from '../../../../pages/figures.ts';
import { clipped, count, dollars, fine, percent, share } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Fragment, Html, Tone } from '../../../../pages/page.ts';
import { maxRows, plural, poolName, unbroken } from '../../../../pages/sections/common.ts';
import { totalErrors } from '../../../evaluation/errors.ts';
import type { ErrorDay, ErrorTotals } from '../../../evaluation/errors.ts';
import { maxFans } from '../data.ts';
import type { DailyReport } from '../data.ts';
import type { ForecastModel } from '../data/forecast.ts';
import { fanChart, fanLegend } from '../fan-chart.ts';

interface TotalRow extends ErrorTotals {
  /** What tells it from the others, in the database too. */
  id: string;
  name: string;
  from: string;
  to: string;
}

export function forecastSection({ forecast }: DailyReport): Html {
  const { errors, evaluation } = forecast;
  const populations = [...new Set(evaluation.map(({ population }) => population))];
  const rows: TotalRow[] = [
    totalRow('past', 'Past run dates', errors),
    ...populations.map((population) =>
      totalRow(
        population,
        population === 'passing' ? 'Evaluation, pools that pass' : 'Evaluation, all pools',
        evaluation.filter((day) => day.population === population),
      ),
    ),
  ].filter((row) => row !== null);
  const past = totalErrors(errors);
  const shown =
    errors.length > 0 ? errors : evaluation.filter(({ population }) => population === populations[0]);
  const source = errors.length > 0 ? 'forecast_days' : 'evaluation_days';
  return section(
    'Forecast against persistence',
    'Mean absolute error of the APY, in percent points a year. Persistence says "same as yesterday": what any forecast must beat. A ratio below 1 means that the forecast is better; of the values that came, 80 % should lie within its 10–90 %.',
    html`${
      past === null
        ? html`<p>
            No past forecast can be held against what came
            yet.${rows.length > 0 && ' The newest evaluation says how good it is to be expected.'}
          </p>`
        : html`<p class="lead">${verdictInWords(past)}</p>`
    }
    ${rows.length > 0 && totalsTable(rows)}
    ${
      shown.length > 1 &&
      figureOf(
        lineChart({
          id: 'errors',
          title: 'Mean absolute error by day',
          description: `${shown.length} days from ${shown[0]!.date} to ${shown.at(-1)!.date}, of ${errors.length > 0 ? 'past run dates' : 'the newest evaluation'}. Every day is in the table below.`,
          days: shown.map(({ date }) => date),
          lines: [
            { name: 'forecast', look: 'solid', values: shown.map(({ model }) => model) },
            { name: 'persistence', look: 'dashed', values: shown.map(({ persistence }) => persistence) },
            { name: '7-day mean', look: 'dotted', values: shown.map(({ mean7d }) => mean7d) },
          ],
          tick: String,
          fromZero: true,
          note: 'Percent points; lower is better.',
        }),
      )
    }
    ${
      shown.length > 0 &&
      html`<details>
        <summary>Every day</summary>
        ${table([...shown].reverse(), errorColumns(source), { label: 'Errors by day', key: ({ date }) => date, maxRows: 400 })}
      </details>`
    }
    ${modelsTable(forecast.models)}`,
  );
}

function totalRow(id: string, name: string, days: readonly ErrorDay[]): TotalRow | null {
  const totals = totalErrors(days);
  return totals && { ...totals, id, name, from: days[0]!.date, to: days.at(-1)!.date };
}

function verdictInWords(past: ErrorTotals): Fragment {
  const { ratio, days } = past;
  const over = `over ${plural(days, 'past day')}`;
  if (ratio === null) return `Persistence made no error ${over}: nothing could be better.`;
  const [tone, word]: [Tone, string] =
    ratio <= 0.98
      ? ['good', 'better than persistence']
      : ratio <= 1.02
        ? ['quiet', 'as good as persistence']
        : ['bad', 'worse than persistence'];
  return html`${verdict(tone, word)} ${over}: ${figure('forecast_totals.ratio', ratio, fine(ratio), 'past')}
  of its error.`;
}

function totalsTable(rows: readonly TotalRow[]): Html {
  const columns: Column<TotalRow>[] = [
    {
      heading: 'Over',
      cell: ({ name, from, to }) => html`${name}<br /><small class="quiet">${from} – ${to}</small>`,
      kind: 'key',
    },
    numbers('Days', 'forecast_totals.days', ({ days }) => days, count),
    numbers('Forecasts', 'forecast_totals.pools', ({ pools }) => pools, count),
    numbers('Forecast', 'forecast_totals.model', ({ model }) => model, fine),
    numbers('Persistence', 'forecast_totals.persistence', ({ persistence }) => persistence, fine),
    numbers('7-day mean', 'forecast_totals.mean_7d', ({ mean7d }) => mean7d, fine),
    numbers('Forecast : persistence', 'forecast_totals.ratio', ({ ratio }) => ratio, fine),
    numbers('Within 10–90 %', 'forecast_totals.coverage', ({ coverage }) => coverage, share),
  ];
  return table(rows, columns, { label: 'Errors over all days', key: ({ id }) => id });
}

function errorColumns(source: string): Column<ErrorDay>[] {
  return [
    { heading: 'Day', cell: ({ date }) => date, kind: 'key' },
    numbers('Pools', `${source}.pools`, ({ pools }) => pools, count),
    numbers('Forecast', `${source}.model`, ({ model }) => model, fine),
    numbers('Persistence', `${source}.persistence`, ({ persistence }) => persistence, fine),
    numbers('7-day mean', `${source}.mean_7d`, ({ mean7d }) => mean7d, fine),
    numbers('Within 10–90 %', `${source}.coverage`, ({ coverage }) => coverage, share),
  ];
}

const targets: Record<ForecastModel['target'], string> = {
  apy: 'APY, pp',
  tvl: 'TVL, log ratio',
  gas_avg: 'gas, mean, gwei',
  gas_max: 'gas, highest, gwei',
};

function modelsTable(models: readonly ForecastModel[]): Html {
  if (models.length === 0) return html`<p class="note">No model was fitted for this day.</p>`;
  const columns: Column<ForecastModel>[] = [
    { heading: "Today's model of", cell: ({ target }) => targets[target], kind: 'key' },
    { heading: 'Kind', cell: ({ model }) => clipped(model, 24), kind: 'key' },
    numbers('Change believed', 'pool_forecast_models.shrink', ({ shrink }) => shrink, share),
    numbers('Rows', 'pool_forecast_models.rows', ({ rows }) => rows, count),
    numbers('Days', 'pool_forecast_models.days', ({ days }) => days, count),
    numbers('Pools', 'pool_forecast_models.pools', ({ pools }) => pools, count),
    numbers('Features', 'pool_forecast_models.features', ({ features }) => features, count),
    numbers('Error on past days', 'pool_forecast_models.mae_model', ({ maeModel }) => maeModel, fine),
    numbers(
      'of persistence',
      'pool_forecast_models.mae_persistence',
      ({ maePersistence }) => maePersistence,
      fine,
    ),
    {
      heading: 'Learned from',
      cell: ({ firstAsof, lastAsof }) => unbroken(`${firstAsof} – ${lastAsof}`),
      kind: 'key',
    },
  ];
  return html`<div class="apart">
    ${table(models, columns, { label: "The day's models", key: ({ target }) => target })}
    ${models.map(notBelieved)} ${models.map(howLearnt)}
  </div>`;
}

/** What "0 %" in the table comes to; of gas another forecast is shown. */
function notBelieved({ target, model, shrink }: ForecastModel): Html | null {
  if ((target !== 'apy' && target !== 'tvl') || model === 'persistence' || shrink !== 0) return null;
  const name = target.toUpperCase();
  return html`<p class="note">
    Nothing is believed of the change that the model of the ${name} forecasts, because it was no nearer on
    past days than no change at all: tomorrow's ${name} is forecast to be as today.
  </p>`;
}

/** What the table cannot say: that there is no model, or that it learnt from a sample. */
function howLearnt({ target, model, rows, days, pools, knownRows }: ForecastModel): Html | null {
  if (knownRows === null) return null;
  const name = target === 'apy' ? 'APY' : 'TVL';
  if (model === 'persistence') {
    return html`<p class="note">
      No model of the ${name}: ${plural(knownRows, 'row')} to learn from on ${plural(days ?? 0, 'day')}. It
      takes 200 rows on 10 days; until then tomorrow is forecast to be as today.
    </p>`;
  }
  if (knownRows <= rows) return null;
  const known = figure('pool_forecast_models.known_rows', knownRows, count(knownRows), target);
  return html`<p class="note">
    The model of the ${name} learnt from a sample of its ${known} rows, drawn over all
    ${plural(days ?? 0, 'day')} and ${plural(pools ?? 0, 'pool')} alike.
  </p>`;
}

export function fansSection({ run, portfolio, forecast }: DailyReport): Html {
  const held = portfolio.positions.filter(({ afterUsd }) => afterUsd > 0);
  const drawn = held.flatMap((position) => {
    const fan = forecast.fans.find(({ poolId }) => poolId === position.poolId);
    return fan === undefined || fan.history.length + fan.quantiles.length === 0 ? [] : [{ position, fan }];
  });
  if (drawn.length === 0) {
    return section(
      'The pools held',
      'Their past, and what may come.',
      html`<p class="note">
        ${held.length === 0 ? 'No pool is held.' : 'No day of the pools held is on record.'}
      </p>`,
    );
  }
  type Row = { poolId: string; name: string; date: string; q10: number; q50: number; q90: number };
  const quantiles: Row[] = drawn.flatMap(({ position, fan }) =>
    fan.quantiles.map((row) => ({ poolId: position.poolId, name: poolName(position), ...row })),
  );
  const days = [...new Set(drawn.flatMap(({ fan }) => fan.history.map(({ date }) => date)))].sort().reverse();
  return section(
    'The pools held',
    html`APY of the last 60 days, and the forecast of ${run.date} for the seven days from then on. Largest
    position first.${held.length > maxFans && ` The ${maxFans} largest of ${held.length}.`}`,
    html`<p class="note">${legend(fanLegend)}</p>
      <div class="multiples">
        ${drawn.map(({ position, fan }, i) =>
          smallMultiple(
            fanChart(`fan${i}`, poolName(position), fan),
            html`<h3>
              ${clipped(position.symbol ?? position.poolId, 24)}
              <small>${clipped(position.protocol, 24)}</small>
              <span
                >${figure('positions.after_usd', position.afterUsd, dollars(position.afterUsd), position.poolId)}</span
              >
            </h3>`,
          ),
        )}
      </div>
      ${
        quantiles.length > 0 &&
        html`<details>
          <summary>The forecasts in figures</summary>
          ${table(
            quantiles,
            [
              { heading: 'Pool', cell: ({ name }) => name, kind: 'key' },
              { heading: 'Day', cell: ({ date }) => date, kind: 'key' },
              numbers('10 %', 'quantiles.apy_q10', ({ q10 }) => q10, percent),
              numbers('Median', 'quantiles.apy_q50', ({ q50 }) => q50, percent),
              numbers('90 %', 'quantiles.apy_q90', ({ q90 }) => q90, percent),
            ],
            {
              label: 'Forecast APY by pool and day',
              key: ({ poolId, date }) => `${poolId} ${date}`,
              maxRows,
            },
          )}
        </details>`
      }
      ${
        days.length > 0 &&
        html`<details>
          <summary>The past in figures</summary>
          ${table(
            days,
            [
              { heading: 'Day', cell: (day) => day, kind: 'key' },
              ...drawn.map(({ position, fan }): Column<string> => {
                const apys = new Map(fan.history.map(({ date, apy }) => [date, apy]));
                return numbers(
                  poolName(position),
                  `history ${position.poolId}`,
                  (day) => apys.get(day),
                  percent,
                );
              }),
            ],
            { label: 'Actual APY by day and pool', key: (day) => day, maxRows },
          )}
        </details>`
      }`,
  );
}
