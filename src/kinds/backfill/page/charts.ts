/** Drawings of forecasts: fans, lines over days ahead or months, reliability. A model looks the same in all of them. */
import { axis, colour } from '../../../pages/charts/render.ts';
import type { Chart } from '../../../pages/charts/render.ts';
import { html } from '../../../pages/html.ts';
import type { Html } from '../../../pages/html.ts';
import type { Day } from '../../../planning/days.ts';
import type { FanDate, ModelFan, Score } from './content.ts';
import { modelKey } from './data.ts';

/** How lines differ: by dash and width, not by colour alone. */
export interface LineLook {
  colour: string;
  dash: 'solid' | number[];
  width: number;
}

const naiveLook: LineLook = { colour: colour.quiet, dash: [2, 3], width: 2 };
const looks: LineLook[] = [
  { colour: colour.mark, dash: 'solid', width: 2 },
  { colour: colour.second, dash: [8, 4], width: 1.9 },
  { colour: colour.third, dash: [9, 3, 2, 3], width: 1.9 },
  { colour: colour.ink, dash: [4, 2], width: 1.2 },
  { colour: colour.ink, dash: 'solid', width: 1 },
];

/** What naive is called wherever something is held against it. */
export const naive = 'naive';

export function lookOf(models: readonly string[], modelVersion: string): LineLook {
  if (modelKey(modelVersion) === naive) return naiveLook;
  const others = models.filter((model) => modelKey(model) !== naive);
  return looks[Math.max(0, others.indexOf(modelVersion)) % looks.length]!;
}

export interface LookedLine {
  name: string;
  look: LineLook;
  /** Filled down to the axis: what the other lines are held against. */
  filled?: boolean;
  values: readonly (number | null)[];
}

export interface ForecastLines {
  id: string;
  title: string;
  description: string;
  categories: readonly string[];
  lines: readonly LookedLine[];
  tick: (value: number) => string;
  categoryTick?: (category: string) => string;
  /** Which of the categories the axis names. */
  categoryInterval?: (index: number) => boolean;
  fromZero?: boolean;
  range?: { min: number; max: number };
  xTitle?: string;
  note?: Chart['note'];
  height?: Chart['height'];
}

/** Lines over named places: days ahead, months. */
export function linesChart(chart: ForecastLines): Chart {
  const { id, title, description, note, categories, lines, xTitle } = chart;
  return {
    id,
    title,
    description,
    note,
    ...(chart.height && { height: chart.height }),
    legend: lines.map(({ name, look, filled }) => ({ name, sign: filled ? filledSign : lookSign(look) })),
    draw: ({ narrow }) => ({
      grid: {
        ...{ left: 4, right: narrow ? 12 : 16, top: 12, outerBoundsMode: 'same' },
        bottom: 4,
      },
      xAxis: {
        type: 'category',
        data: [...categories],
        boundaryGap: categories.length < 2,
        axisLine: axis.line,
        axisTick: { show: false },
        axisLabel: {
          ...{ ...axis.label, hideOverlap: true, margin: 10 },
          ...(chart.categoryTick && { formatter: chart.categoryTick }),
          ...(chart.categoryInterval && { interval: chart.categoryInterval }),
        },
        ...(xTitle !== undefined && {
          ...{ name: xTitle, nameLocation: 'middle' as const, nameGap: 28, nameTextStyle: axis.name },
        }),
      },
      yAxis: {
        type: 'value',
        scale: chart.fromZero !== true,
        ...chart.range,
        splitNumber: narrow ? 3 : 5,
        splitLine: axis.split,
        axisLabel: { ...axis.label, formatter: chart.tick },
      },
      series: lines.map(({ look, values, filled }) => ({
        ...plainLine(values, look, categories.length === 1),
        ...(filled && { areaStyle: { color: colour.rule, opacity: 1 } }),
      })),
    }),
  };
}

function plainLine(values: readonly (number | null)[], look: LineLook, alone = false) {
  return {
    type: 'line' as const,
    data: [...values],
    silent: true,
    // A line of one place would be nothing without its point.
    symbol: alone ? 'circle' : 'none',
    symbolSize: 6,
    lineStyle: { color: look.colour, type: look.dash, width: look.width },
    itemStyle: { color: colour.paper, borderColor: look.colour, borderWidth: 1.6 },
    connectNulls: false,
  };
}

export function lookSign({ colour: stroke, dash, width }: LineLook): Html {
  return html`<svg viewBox="0 0 24 14" aria-hidden="true">
    <path
      d="M1 7H23"
      stroke="${stroke}"
      stroke-width="${width}"
      stroke-dasharray="${dash === 'solid' ? 'none' : dash.join(' ')}"
    />
  </svg>`;
}

const filledSign = html`<svg viewBox="0 0 24 14" aria-hidden="true">
  <rect x="1" y="2" width="22" height="11" fill="${colour.rule}" />
  <path d="M1 2H23" stroke="${colour.quiet}" stroke-width="1" />
</svg>`;

/** What is behind the others. */
export const groundLook: LineLook = { colour: colour.quiet, dash: 'solid', width: 0.8 };

const past: LineLook = { colour: colour.ink, dash: 'solid', width: 1.5 };
const median: LineLook = { colour: colour.second, dash: [4, 3], width: 1.7 };

/** The closes before, bands of 95, 80 and 50 %, the median, and what came. All models of a date share `range`. */
export function fanChart(
  id: string,
  { date, history }: FanDate,
  fan: ModelFan,
  range: { min: number; max: number; interval: number },
  write: (value: number) => string,
): Chart {
  const days = [...history.map((row) => row.date), ...fan.days.map((row) => row.date)];
  const before = history.length;
  const ahead = (value: (row: ModelFan['days'][number]) => number | null) => [
    ...Array.from({ length: before }, () => null),
    ...fan.days.map(value),
  ];
  const band = (name: string, low: number, high: number) => [
    shape(
      name,
      ahead(({ quantiles }) => quantiles[low]!),
      false,
    ),
    shape(
      name,
      ahead(({ quantiles }) => quantiles[high]! - quantiles[low]!),
      true,
    ),
  ];
  // The actual path begins at the close that the forecast began with.
  const actual: (number | null)[] = [
    ...history.map(({ close }) => close),
    ...fan.days.map((row) => row.actual),
  ];
  return {
    id,
    title: `Forecast of ${fan.modelVersion} from ${date}`,
    description: fanInWords(fan, write),
    height: { wide: 190, narrow: 190 },
    draw: () => ({
      grid: { left: 4, right: 10, top: 8, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        data: days,
        boundaryGap: false,
        axisLine: { ...axis.line, onZero: false },
        axisTick: { show: false },
        axisLabel: { ...axis.label, formatter: (day: string) => day.slice(5), hideOverlap: true, margin: 10 },
      },
      yAxis: {
        type: 'value',
        ...range,
        splitNumber: 3,
        splitLine: axis.split,
        axisLabel: {
          ...axis.label,
          formatter: (value: number) => write(value),
        },
      },
      series: [
        ...band('95', 0, 6),
        ...band('80', 1, 5),
        ...band('50', 2, 4),
        plainLine(
          ahead(({ quantiles }) => quantiles[3]!),
          median,
        ),
        plainLine(actual, past),
      ],
    }),
  };
}

/** The bands lie upon each other, so that the middle is the darkest. */
function shape(name: string, data: (number | null)[], filled: boolean) {
  return {
    type: 'line' as const,
    data,
    stack: name,
    stackStrategy: 'all' as const,
    symbol: 'none',
    silent: true,
    lineStyle: { color: 'transparent', width: 0 },
    ...(filled && { areaStyle: { color: colour.soft, opacity: 1 } }),
  };
}

export const fanLegend: NonNullable<Chart['legend']> = [
  { name: 'closes, before and after', sign: lookSign(past) },
  { name: 'median of the paths', sign: lookSign(median) },
  ...(['95', '80', '50'] as const).map((width, i) => ({
    name: `${width} %`,
    sign: html`<svg viewBox="0 0 24 14" aria-hidden="true">
      ${Array.from({ length: i + 1 }, () => html`<rect x="1" y="2" width="22" height="10" fill="${colour.soft}" />`)}
    </svg>`,
  })),
];

function fanInWords({ days }: ModelFan, write: (value: number) => string): string {
  const last = days.at(-1);
  if (last === undefined) return 'No forecast.';
  const known = days.flatMap(({ actual }) => (actual === null ? [] : [actual]));
  const low = write(last.quantiles[1]!);
  const high = write(last.quantiles[5]!);
  return `On ${last.date}, the last of ${days.length} days, the median is ${write(last.quantiles[3]!)}, with 80 % of chances from ${low} to ${high}. ${
    known.length === 0
      ? 'No close is known yet.'
      : `${known.length} closes are known, the last ${write(known.at(-1)!)}.`
  }`;
}

export const quantileLevels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975] as const;

/** By day ahead: the share of closes at or below each quantile, beside the share that the quantile promises. */
export function reliabilityChart(id: string, modelVersion: string, days: readonly Score[]): Chart {
  const known = days.filter((day) => day.known > 0);
  return {
    id,
    title: `Reliability of ${modelVersion}`,
    description: known
      .filter(({ dayAhead }, i) => dayAhead === 1 || i === known.length - 1)
      .map(
        ({ dayAhead, reached }) =>
          `Day ${dayAhead}: ${quantileLevels.map((level, i) => `${percentOf(reached[i]!)} of closes at or below the ${percentOf(level)} quantile`).join(', ')}.`,
      )
      .join(' '),
    height: { wide: 230, narrow: 230 },
    draw: () => ({
      grid: { left: 4, right: 44, top: 8, bottom: 4, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        data: known.map(({ dayAhead }) => String(dayAhead)),
        boundaryGap: known.length < 2,
        axisLine: axis.line,
        axisTick: { show: false },
        axisLabel: { ...axis.label, interval: dayTicks(known.map(({ dayAhead }) => String(dayAhead))) },
        name: 'day ahead',
        nameLocation: 'middle',
        nameGap: 26,
        nameTextStyle: axis.name,
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: 1,
        interval: 0.25,
        splitLine: { show: false },
        axisLabel: { ...axis.label, formatter: percentOf },
      },
      series: [
        ...quantileLevels.map((level) => ({
          ...plainLine(
            known.map(() => level),
            { colour: colour.quiet, dash: [2, 3], width: 1 },
          ),
          endLabel: {
            show: true,
            formatter: percentOf(level),
            color: colour.quiet,
            fontSize: 11,
            distance: 4,
          },
        })),
        ...quantileLevels.map((_, i) =>
          plainLine(
            known.map(({ reached }) => reached[i]!),
            { colour: colour.mark, dash: 'solid', width: 1.8 },
            known.length === 1,
          ),
        ),
      ],
    }),
  };
}

export const reliabilityLegend: NonNullable<Chart['legend']> = [
  {
    name: 'closes at or below the quantile',
    sign: lookSign({ colour: colour.mark, dash: 'solid', width: 1.8 }),
  },
  { name: 'as the quantile promises', sign: lookSign({ colour: colour.quiet, dash: [2, 3], width: 1 }) },
];

/** Days ahead that an axis names: all of a few, else the horizons that scores are given for. */
export function dayTicks(days: readonly string[]): (index: number) => boolean {
  return (index) => days.length <= 8 || ['1', '7', '14'].includes(days[index]!) || index === days.length - 1;
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** For a month: 2020-04. */
export function monthTick(day: Day): string {
  return day.slice(0, 7);
}
