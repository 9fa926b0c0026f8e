/** Lines over days, distinguished by dash and point, not by colour alone. */
import type { Day } from '../../planning/days.ts';
import { html } from '../html.ts';
import type { Html } from '../html.ts';
import { axis, colour } from './render.ts';
import type { Chart } from './render.ts';

export interface Line {
  name: string;
  values: readonly (number | null)[];
  look: Look;
}

export type Look = 'solid' | 'dashed' | 'dotted' | 'points';

export interface LineChart {
  id: string;
  title: string;
  description: string;
  days: readonly Day[];
  lines: readonly Line[];
  tick: (value: number) => string;
  /** The axis begins at zero, unless small changes of a large value are the matter. */
  fromZero: boolean;
  note?: Chart['note'];
}

const looks: Record<Look, { colour: string; type: 'solid' | number[]; width: number }> = {
  solid: { colour: colour.mark, type: 'solid', width: 2 },
  dashed: { colour: colour.second, type: [7, 4], width: 1.8 },
  dotted: { colour: colour.third, type: [2, 3], width: 1.8 },
  points: { colour: colour.second, type: 'solid', width: 0 },
};

export function lineChart(chart: LineChart): Chart {
  const { days, lines, tick, fromZero, ...words } = chart;
  return {
    ...words,
    legend: lines.map(({ name, look }) => ({ name, sign: lineSign(look) })),
    draw: ({ narrow }) => ({
      grid: { left: 4, right: narrow ? 12 : 16, top: 12, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        data: [...days],
        boundaryGap: days.length < 2,
        axisLine: axis.line,
        axisTick: { show: false },
        axisLabel: { ...axis.label, formatter: (day: string) => day.slice(5), hideOverlap: true, margin: 10 },
      },
      yAxis: {
        type: 'value',
        scale: !fromZero,
        splitNumber: narrow ? 4 : 5,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: tick },
      },
      series: lines.map(({ values, look }) => ({
        type: 'line' as const,
        data: [...values],
        silent: true,
        // A line of one day would be nothing without its point.
        symbol: look === 'points' || days.length === 1 ? 'circle' : 'none',
        symbolSize: 7,
        showAllSymbol: true,
        lineStyle: { color: looks[look].colour, type: looks[look].type, width: looks[look].width },
        itemStyle: { color: colour.paper, borderColor: looks[look].colour, borderWidth: 1.6 },
        connectNulls: false,
      })),
    }),
  };
}

export function lineSign(look: Look): Html {
  const { colour: stroke, type, width } = looks[look];
  return look === 'points'
    ? html`<svg viewBox="0 0 24 14" aria-hidden="true">
        <circle cx="12" cy="7" r="3.5" fill="${colour.paper}" stroke="${stroke}" stroke-width="1.6" />
      </svg>`
    : html`<svg viewBox="0 0 24 14" aria-hidden="true">
        <path
          d="M1 7H23"
          stroke="${stroke}"
          stroke-width="${width}"
          stroke-dasharray="${type === 'solid' ? 'none' : type.join(' ')}"
        />
      </svg>`;
}
