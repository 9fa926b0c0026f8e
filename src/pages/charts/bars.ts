/** Horizontal bars: before and now, and what lasted from when to when. */
import { clipped } from '../format.ts';
import { html } from '../html.ts';
import { axis, colour } from './render.ts';
import type { Chart } from './render.ts';

export interface BeforeAfter {
  id: string;
  title: string;
  description: string;
  rows: readonly { name: string; before: number; after: number }[];
  tick: (value: number) => string;
  note?: Chart['note'];
}

/** Two bars a row: hollow before, filled after. */
export function beforeAfterChart({ rows, tick, ...words }: BeforeAfter): Chart {
  const series = (of: (row: BeforeAfter['rows'][number]) => number, fill: string, stroke: string) => ({
    type: 'bar' as const,
    data: rows.map(of),
    silent: true,
    barGap: '20%',
    barCategoryGap: '34%',
    itemStyle: { color: fill, borderColor: stroke, borderWidth: 1.3 },
  });
  return {
    ...words,
    legend: [
      { name: 'before', sign: barSign('none', colour.quiet) },
      { name: 'after', sign: barSign(colour.mark, colour.mark) },
    ],
    height: { wide: 34 + rows.length * 32, narrow: 34 + rows.length * 36 },
    draw: ({ narrow }) => ({
      grid: { left: 4, right: 24, top: 4, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'value',
        splitNumber: narrow ? 3 : 6,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: tick, hideOverlap: true },
      },
      yAxis: lyingNames(
        rows.map(({ name }) => name),
        narrow,
      ),
      series: [
        series(({ before }) => before, 'transparent', colour.quiet),
        series(({ after }) => after, colour.mark, colour.mark),
      ],
    }),
  };
}

export interface Timeline {
  id: string;
  title: string;
  description: string;
  /** Seconds since the beginning. */
  rows: readonly { name: string; from: number; to: number; kind: 'phase' | 'batch' }[];
  tick: (value: number) => string;
}

/** From when to when: phases filled, the batches inside of them hollow. */
export function timelineChart({ rows, tick, ...words }: Timeline): Chart {
  const end = Math.max(0, ...rows.map(({ to }) => to));
  const visible = (from: number, to: number) => Math.max(to - from, end / 300);
  return {
    ...words,
    legend: [
      { name: 'phase', sign: barSign(colour.mark, colour.mark) },
      ...(rows.some(({ kind }) => kind === 'batch')
        ? [{ name: 'batch', sign: barSign('none', colour.second) }]
        : []),
    ],
    height: { wide: 30 + rows.length * 24, narrow: 30 + rows.length * 24 },
    draw: ({ narrow }) => ({
      grid: { left: 4, right: 24, top: 4, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'value',
        max: end > 0 ? end : 1,
        splitNumber: narrow ? 3 : 6,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: tick, showMaxLabel: false, hideOverlap: true },
      },
      yAxis: lyingNames(
        rows.map(({ name }) => name),
        narrow,
      ),
      series: [
        {
          type: 'bar',
          stack: 'time',
          silent: true,
          itemStyle: { color: 'transparent' },
          data: rows.map(({ from }) => from),
        },
        {
          type: 'bar',
          stack: 'time',
          silent: true,
          barCategoryGap: '34%',
          data: rows.map(({ from, to, kind }) => ({
            // Never thinner than what can be seen.
            value: visible(from, to),
            itemStyle:
              kind === 'phase'
                ? { color: colour.mark }
                : { color: 'transparent', borderColor: colour.second, borderWidth: 1.6 },
          })),
        },
      ],
    }),
  };
}

function lyingNames(names: readonly string[], narrow: boolean) {
  return {
    type: 'category' as const,
    data: names.map((name) => clipped(name, narrow ? 18 : 34)),
    inverse: true,
    axisLine: axis.line,
    axisTick: { show: false },
    axisLabel: { color: colour.ink, fontSize: 12, interval: 0 },
  };
}

function barSign(fill: string, stroke: string) {
  return html`<svg viewBox="0 0 24 14" aria-hidden="true">
    <rect x="1" y="3" width="22" height="8" fill="${fill}" stroke="${stroke}" stroke-width="1.3" />
  </svg>`;
}
