/** One pool's past and the quantiles of what may come. */
import { axis, colour } from '../../../pages/charts/render.ts';
import type { Chart } from '../../../pages/charts/render.ts';
import { percent } from '../../../pages/format.ts';
import { html } from '../../../pages/html.ts';
import type { Html } from '../../../pages/html.ts';
import type { Fan } from './data/forecast.ts';

export function fanChart(id: string, name: string, fan: Fan): Chart {
  const days = [...new Set([...fan.history, ...fan.quantiles].map(({ date }) => date))].sort();
  const history = new Map(fan.history.map(({ date, apy }) => [date, apy]));
  const quantiles = new Map(fan.quantiles.map((row) => [row.date, row]));
  const lines = (of: (day: string) => number | undefined) => days.map((day) => of(day) ?? null);
  return {
    id,
    title: `APY of ${name}`,
    description: inWords(fan),
    draw: () => ({
      grid: { left: 4, right: 10, top: 10, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        data: days,
        boundaryGap: false,
        axisLine: axis.line,
        axisTick: { show: false },
        axisLabel: { ...axis.label, formatter: (day: string) => day.slice(5), hideOverlap: true, margin: 10 },
      },
      yAxis: {
        type: 'value',
        scale: true,
        splitNumber: 3,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: (value: number) => `${Number(value.toPrecision(6))} %` },
      },
      series: [
        // The band: an invisible floor, and its height on top of it.
        band(lines((day) => quantiles.get(day)?.q10)),
        {
          ...band(
            lines((day) =>
              quantiles.has(day) ? quantiles.get(day)!.q90 - quantiles.get(day)!.q10 : undefined,
            ),
          ),
          areaStyle: { color: colour.soft, opacity: 1 },
        },
        line(
          lines((day) => history.get(day)),
          'solid',
          colour.mark,
        ),
        line(
          lines((day) => quantiles.get(day)?.q50),
          [4, 3],
          colour.second,
        ),
      ],
    }),
  };
}

function band(data: (number | null)[]) {
  return {
    type: 'line' as const,
    data,
    stack: 'band',
    stackStrategy: 'all' as const,
    symbol: 'none',
    silent: true,
    lineStyle: { color: 'transparent', width: 0 },
  };
}

function line(data: (number | null)[], type: 'solid' | number[], stroke: string) {
  return {
    type: 'line' as const,
    data,
    symbol: 'none',
    silent: true,
    lineStyle: { color: stroke, width: 1.8, type },
  };
}

function inWords({ history, quantiles }: Fan): string {
  const apys = history.map(({ apy }) => apy);
  const past =
    apys.length === 0
      ? 'No past days.'
      : `${apys.length} days from ${history[0]!.date} to ${history.at(-1)!.date}: between ${percent(Math.min(...apys))} and ${percent(Math.max(...apys))}, at last ${percent(apys.at(-1))}.`;
  const last = quantiles.at(-1);
  return last === undefined
    ? `${past} No forecast.`
    : `${past} Forecast until ${last.date}: median ${percent(last.q50)}, with 80 % of chances between ${percent(last.q10)} and ${percent(last.q90)}.`;
}

export const fanLegend: NonNullable<Chart['legend']> = [
  { name: 'actual', sign: sign(colour.mark, 'none') },
  { name: 'forecast, median', sign: sign(colour.second, '4 3') },
  {
    name: 'forecast, 10 % to 90 %',
    sign: html`<svg viewBox="0 0 24 14" aria-hidden="true">
      <rect x="1" y="2" width="22" height="10" fill="${colour.soft}" />
    </svg>`,
  },
];

function sign(stroke: string, dashes: string): Html {
  return html`<svg viewBox="0 0 24 14" aria-hidden="true">
    <path d="M1 7H23" stroke="${stroke}" stroke-width="1.8" stroke-dasharray="${dashes}" />
  </svg>`;
}
