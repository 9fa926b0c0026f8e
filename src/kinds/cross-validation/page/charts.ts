/** Drawings of a cross-validation: points by fold, curves over time, calibration. */
import { axis, colour } from '../../../pages/charts/render.ts';
import type { Chart } from '../../../pages/charts/render.ts';
import { clipped } from '../../../pages/format.ts';
import { html } from '../../../pages/html.ts';
import type { Html } from '../../../pages/html.ts';
import { lookSign } from '../../backfill/page/charts.ts';
import type { LineLook } from '../../backfill/page/charts.ts';
import type { Point } from './curves.ts';
import { tick } from './measures.ts';

/** Distinguished by dash and width as well as by colour. */
const looks: LineLook[] = [
  { colour: colour.mark, dash: 'solid', width: 2.2 },
  { colour: colour.second, dash: [8, 4], width: 2 },
  { colour: colour.third, dash: [9, 3, 2, 3], width: 2 },
  { colour: colour.ink, dash: [2, 3], width: 1.6 },
  { colour: colour.second, dash: 'solid', width: 1 },
  { colour: colour.mark, dash: [3, 3], width: 1.6 },
  { colour: colour.third, dash: 'solid', width: 1.2 },
  { colour: colour.ink, dash: [12, 4], width: 1 },
];

export function lookOf(labels: readonly string[], label: string): LineLook {
  return looks[Math.max(0, labels.indexOf(label)) % looks.length]!;
}

export const observedLook: LineLook = { colour: colour.ink, dash: 'solid', width: 1.3 };
export const predictedLook: LineLook = { colour: colour.second, dash: [7, 4], width: 2.2 };

export interface CurveLine {
  name: string;
  look: LineLook;
  points: readonly Point[];
  /** Step lines: each value holds until the next point. */
  step?: boolean;
}

export interface CurveChart {
  id: string;
  title: string;
  description: string;
  lines: readonly CurveLine[];
  xTitle: string;
  yTick?: (value: number) => string;
  yRange?: { min: number; max: number; interval?: number };
  note?: Chart['note'];
  height?: Chart['height'];
}

/** Lines over numbers: times, predicted shares. */
export function curveChart(chart: CurveChart): Chart {
  const { id, title, description, lines, xTitle, yTick, yRange, note, height } = chart;
  return {
    ...{ id, title, description, note },
    ...(height && { height }),
    legend: lines.map(({ name, look }) => ({ name, sign: lookSign(look) })),
    draw: ({ narrow }) => ({
      grid: { left: 4, right: narrow ? 12 : 16, top: 12, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        ...valueAxis(xTitle, narrow),
        scale: true,
        max: 'dataMax',
        // The end of the axis is rarely a round number.
        axisLabel: { ...valueAxis(xTitle, narrow).axisLabel, showMaxLabel: false },
      },
      yAxis: {
        type: 'value',
        scale: true,
        ...yRange,
        splitNumber: narrow ? 3 : 5,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: yTick ?? tick },
      },
      series: lines.map(({ look, points, step }) => ({
        type: 'line' as const,
        data: points.map((point) => [...point]),
        silent: true,
        symbol: points.length === 1 ? 'circle' : 'none',
        symbolSize: 6,
        ...(step && { step: 'end' as const }),
        lineStyle: { color: look.colour, type: look.dash, width: look.width },
        itemStyle: { color: colour.paper, borderColor: look.colour, borderWidth: 1.6 },
      })),
    }),
  };
}

function valueAxis(name: string, narrow: boolean) {
  return {
    ...{ type: 'value' as const, name, nameLocation: 'middle' as const, nameGap: 26 },
    nameTextStyle: axis.name,
    splitNumber: narrow ? 4 : 8,
    axisLine: { ...axis.line, onZero: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { ...axis.label, formatter: tick, hideOverlap: true },
  };
}

export interface StripRow {
  name: string;
  mean: number;
  half: number | null;
  folds: { fold: number; value: number }[];
}

const shapes = ['circle', 'rect', 'triangle', 'diamond', 'path://M-1 -1L1 1M-1 1L1 -1'] as const;
const signs = [
  html`<circle cx="7" cy="7" r="4" />`,
  html`<rect x="3.5" y="3.5" width="7" height="7" />`,
  html`<path d="M7 2.5l4.5 8h-9z" />`,
  html`<path d="M7 2l4 5l-4 5l-4-5z" />`,
  html`<path d="M3 3l8 8M3 11l8-8" />`,
];

/** A point a fold, the mean and its interval, candidate by candidate. Up to five folds each get their own shape. */
export function stripChart(words: {
  id: string;
  title: string;
  description: string;
  rows: readonly StripRow[];
  xTitle: string;
  heldOut: number | null;
}): Chart {
  const { id, title, description, rows, xTitle, heldOut } = words;
  const folds = [...new Set(rows.flatMap((row) => row.folds.map(({ fold }) => fold)))].sort((a, b) => a - b);
  const apart = folds.length <= shapes.length;
  const shapeOf = (fold: number) => (apart ? shapes[folds.indexOf(fold)]! : shapes[0]);
  return {
    ...{ id, title, description },
    height: { wide: 56 + rows.length * 28, narrow: 56 + rows.length * 28 },
    legend: [
      { name: 'mean and 95 % interval', sign: meanSign },
      ...(apart
        ? folds.map((fold, i) => ({
            name: `fold ${fold}${fold === heldOut ? ', held out' : ''}`,
            sign: foldSign(i),
          }))
        : [{ name: 'a fold', sign: foldSign(0) }]),
    ],
    draw: ({ narrow }) => ({
      grid: { left: 4, right: 18, top: 6, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        ...valueAxis(xTitle, narrow),
        scale: true,
        splitLine: axis.split,
        splitNumber: narrow ? 3 : 7,
      },
      yAxis: {
        type: 'category',
        data: rows.map(({ name }) => clipped(name, narrow ? 16 : 34)),
        inverse: true,
        axisLine: axis.line,
        axisTick: { show: false },
        axisLabel: { color: colour.ink, fontSize: 12, interval: 0 },
      },
      series: [
        ...rows.flatMap(({ mean, half }, i) =>
          half === null
            ? []
            : [
                {
                  type: 'line' as const,
                  data: [
                    [mean - half, i],
                    [mean + half, i],
                  ],
                  silent: true,
                  symbol: 'none',
                  lineStyle: { color: colour.soft, width: 9, cap: 'butt' as const },
                },
              ],
        ),
        {
          type: 'scatter' as const,
          symbol: 'rect',
          symbolSize: [3, 18],
          silent: true,
          itemStyle: { color: colour.mark, opacity: 1 },
          data: rows.map(({ mean }, i) => [mean, i]),
        },
        ...folds.map((fold) => ({
          type: 'scatter' as const,
          symbol: shapeOf(fold),
          symbolSize: 8,
          silent: true,
          itemStyle: { color: colour.paper, borderColor: colour.second, borderWidth: 1.4, opacity: 1 },
          data: rows.flatMap((row, i) =>
            row.folds.filter((each) => each.fold === fold).map(({ value }) => [value, i]),
          ),
        })),
      ],
    }),
  };
}

const meanSign = html`<svg viewBox="0 0 24 14" aria-hidden="true">
  <rect x="1" y="3" width="22" height="8" fill="${colour.soft}" />
  <rect x="11" y="0" width="2.4" height="14" fill="${colour.mark}" />
</svg>`;

function foldSign(shape: number): Html {
  return html`<svg class="fold" viewBox="0 0 14 14" aria-hidden="true">${signs[shape]}</svg>`;
}

/** Calibration by groups of rows: predicted against observed. On the diagonal both are equal. */
export function calibrationChart(words: {
  id: string;
  title: string;
  description: string;
  groups: readonly Point[];
  range: { min: number; max: number; interval: number };
}): Chart {
  const { groups, range, ...rest } = words;
  return {
    ...rest,
    height: { wide: 250, narrow: 250 },
    draw: () => ({
      grid: { left: 4, right: 14, top: 10, bottom: 4, outerBoundsMode: 'same' },
      xAxis: { ...valueAxis('predicted survival', true), ...range },
      yAxis: {
        type: 'value',
        ...range,
        splitNumber: 4,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: tick },
      },
      series: [
        {
          type: 'line',
          data: [
            [range.min, range.min],
            [range.max, range.max],
          ],
          silent: true,
          symbol: 'none',
          lineStyle: { color: colour.quiet, type: [2, 3], width: 1.2 },
        },
        {
          type: 'line',
          data: groups.map((point) => [...point]),
          silent: true,
          symbol: 'circle',
          symbolSize: 7,
          showAllSymbol: true,
          lineStyle: { color: colour.mark, width: 1, type: 'solid' },
          itemStyle: { color: colour.paper, borderColor: colour.mark, borderWidth: 1.6 },
        },
      ],
    }),
  };
}
