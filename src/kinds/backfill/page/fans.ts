/** What single forecasts looked like, and what came: the ordinary ones and the worst. */
import { legend, smallMultiple } from '../../../pages/charts/render.ts';
import { figure } from '../../../pages/figures.ts';
import { fine, percent } from '../../../pages/format.ts';
import { html, numbers, section, table } from '../../../pages/page.ts';
import type { Fragment, Html } from '../../../pages/page.ts';
import { fanChart, fanLegend } from './charts.ts';
import type { BackfillReport, FanDate, FanReason } from './content.ts';

/** Null for a run without forecasts. */
export function fansSection({ fans, commodity }: BackfillReport): Html | null {
  if (fans.length === 0) return null;
  type Row = { date: string; model: string; day: string; quantiles: number[]; actual: number | null };
  const rows: Row[] = fans.flatMap(({ date, fans: models }) =>
    models.flatMap(({ modelVersion, days }) =>
      days.map((day) => ({
        date,
        model: modelVersion,
        day: day.date,
        quantiles: day.quantiles,
        actual: day.actual,
      })),
    ),
  );
  const levels = ['2.5 %', '10 %', '25 %', 'Median', '75 %', '90 %', '97.5 %'];
  return section(
    'Single forecasts',
    html`The last 30 closes, and what the paths said of the days after: half of them in the darkest band, 80 %
    and 95 % in the wider ones. ${commodity.unit !== '' && html`In ${commodity.unit}.`}`,
    html`<p class="note">${legend(fanLegend)}</p>
      ${fans.map(fansOf)}
      <details>
        <summary>These forecasts in figures</summary>
        ${table(
          rows,
          [
            { heading: 'Forecast', cell: ({ date }) => date, kind: 'key' },
            { heading: 'Model', cell: ({ model }) => model, kind: 'key' },
            { heading: 'Day', cell: ({ day }) => day, kind: 'key' },
            ...levels.map((level, i) =>
              numbers<Row, number>(level, `forecast_quantiles.${i}`, ({ quantiles }) => quantiles[i]!, price),
            ),
            numbers('Close', 'point_forecasts.actual_close', ({ actual }) => actual, price),
          ],
          {
            label: 'Quantiles of these forecasts by model and day',
            key: ({ date, model, day }) => `${date}/${model}/${day}`,
            maxRows: 300,
          },
        )}
      </details>`,
  );
}

function fansOf(each: FanDate): Html {
  const { date, why, fans, history } = each;
  // One scale for all models of a date, so that their widths can be compared.
  const values = [
    ...history.map(({ close }) => close),
    ...fans.flatMap(({ days }) =>
      days.flatMap(({ quantiles, actual }) => [
        quantiles[0]!,
        quantiles[6]!,
        ...(actual === null ? [] : [actual]),
      ]),
    ),
  ];
  const range = niceRange(Math.min(...values), Math.max(...values));
  return html`<p class="dated">
      <b>${date}</b>: ${why.map((reason, i) => html`${i > 0 && '; '}${reasonInWords(reason, date)}`)}.
    </p>
    <div class="pair">
      ${fans.map((fan, i) =>
        smallMultiple(
          fanChart(`fan-${date}-${i}`, each, fan, range, axisPrice),
          html`<h3>${fan.modelVersion}</h3>`,
        ),
      )}
    </div>`;
}

function reasonInWords({ role, figure: value, ratio }: FanReason, key: string): Fragment {
  if (role === 'first') return 'the first of the range';
  if (role === 'last') return 'the last of the range';
  if (role === 'miss') {
    return html`the largest miss, with a CRPS of ${figure('fans.crps', value, fine(value), key)}`;
  }
  return html`the most unusual origin: the last close had moved by
  ${figure('fans.move', value, signedPrice(value), key)},
  ${figure('fans.ratio', ratio, `${(ratio ?? 0).toFixed(1)}`, key)} times the usual step`;
}

/** Round numbers around both ends, and the round step between them. */
export function niceRange(low: number, high: number): { min: number; max: number; interval: number } {
  const span = high - low || Math.abs(high) || 1;
  const unit = 10 ** Math.floor(Math.log10(span / 3));
  const interval = unit * ([1, 2, 5].find((step) => span / (unit * step) <= 5) ?? 10);
  return { min: Math.floor(low / interval) * interval, max: Math.ceil(high / interval) * interval, interval };
}

/** Prices to two decimals, as they are published. */
export function price(value: number | null | undefined): string {
  return percent(value).replace(/\u202f%$/, '');
}

function signedPrice(value: number | null): string {
  return value !== null && value > 0 ? `+${price(value)}` : price(value);
}

function axisPrice(value: number): string {
  return String(Number(value.toPrecision(5)));
}
