/** Points on a logarithmic x axis, distinguished by shape. */
import { clipped } from '../format.ts';
import { html } from '../html.ts';
import type { Html } from '../html.ts';
import { axis, colour } from './render.ts';
import type { Chart } from './render.ts';

export interface ScatterPoint {
  x: number;
  y: number;
  label: string;
  /** Which of `shapeNames`. */
  shape: number;
}

export interface Scatter {
  id: string;
  title: string;
  description: string;
  xTitle: string;
  yTitle: string;
  xTick: (value: number) => string;
  points: readonly ScatterPoint[];
  legend: NonNullable<Chart['legend']>;
  note?: Chart['note'];
}

const shapes = ['circle', 'rect', 'triangle', 'diamond'] as const;
const signs = [
  html`<circle cx="7" cy="7" r="4" />`,
  html`<rect x="3.5" y="3.5" width="7" height="7" />`,
  html`<path d="M7 2.5l4.5 8h-9z" />`,
  html`<path d="M7 2l4 5l-4 5l-4-5z" />`,
];

/** Labels beyond this only hide each other. */
const maxLabels = 18;

/** The sign of a shape alone, for a legend. */
export function shapeSign(shape: number): Html {
  return html`<svg class="point" viewBox="0 0 14 14" aria-hidden="true">${signs[shape]}</svg>`;
}

export function scatterChart({ points, xTitle, yTitle, xTick, ...words }: Scatter): Chart {
  return {
    ...words,
    height: { wide: 340, narrow: 320 },
    draw: ({ narrow }) => ({
      grid: { left: 4, right: 14, top: 26, bottom: 24, outerBoundsMode: 'same' },
      xAxis: {
        type: 'log',
        name: xTitle,
        nameLocation: 'middle',
        nameGap: 26,
        nameTextStyle: axis.name,
        axisLine: axis.line,
        axisTick: { show: false },
        minorTick: { show: false },
        splitLine: { show: false },
        axisLabel: { ...axis.label, formatter: xTick, hideOverlap: true },
      },
      yAxis: {
        type: 'value',
        name: yTitle,
        nameTextStyle: { ...axis.name, align: 'left' },
        splitNumber: narrow ? 4 : 5,
        axisLine: { show: false },
        axisTick: { show: false },
        splitLine: axis.split,
        axisLabel: axis.label,
      },
      series: shapes.map((symbol, shape) => ({
        type: 'scatter' as const,
        symbol,
        symbolSize: 9,
        silent: true,
        itemStyle: { color: colour.soft, borderColor: colour.mark, borderWidth: 1.4, opacity: 1 },
        labelLayout: { hideOverlap: true },
        data: points
          .map((point, rank) => ({ ...point, rank }))
          .filter((point) => point.shape === shape)
          .map(({ x, y, label, rank }) => ({
            value: [x, y],
            label: {
              show: rank < (narrow ? maxLabels / 2 : maxLabels),
              position: 'right' as const,
              color: colour.ink,
              fontSize: 12,
              formatter: () => clipped(label, 22),
            },
          })),
      })),
    }),
  };
}
