/** Charts as inline SVG: drawn here, coloured by the page's style, told apart by shape as well as by colour. */
import { clipped } from './format.ts';
import { html } from './html.ts';
import type { Fragment, Html } from './html.ts';

export interface ScatterPoint {
  x: number;
  y: number;
  label: string;
  /** Said behind the label where there is room. */
  place: string;
  /** What a pointer that rests on it is told. */
  detail: string;
  /** Which of `pointShapes`. */
  shape: number;
}

export interface Scatter {
  title: string;
  description: string;
  xTitle: string;
  yTitle: string;
  xTick: (value: number) => string;
  yTick: (value: number) => string;
  points: readonly ScatterPoint[];
}

/** Each draws itself around (x, y), in the few characters that thousands of points can afford. */
const shapes: readonly ((x: number, y: number) => string)[] = [
  (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0z`,
  (x, y) => `M${x - 3.5} ${y - 3.5}h7v7h-7z`,
  (x, y) => `M${x} ${y - 4.5}l4.5 8h-9z`,
  (x, y) => `M${x - 3.5} ${y - 3.5}l7 7m0-7l-7 7`,
];

/** Points that get a tooltip of their own; beyond this they are drawn as one. */
const maxSingle = 200;
/** Labels beyond this only hide each other. */
const maxLabels = 18;

/** The sign of a shape alone, for a legend. */
export function shapeSign(shape: number): Html {
  return html`<svg viewBox="0 0 14 14" aria-hidden="true">
    <path class="point" d="${shapes[shape]!(7, 7)}" />
  </svg>`;
}

/** A scatter with a logarithmic x axis; drawn for a width in pixels, so that its text is never scaled. */
export function scatter(chart: Scatter, width: number, height: number, className: string): Html {
  const box = { left: 46, right: width - 12, top: 22, bottom: height - 40 };
  const xs = logTicks(chart.points.map((point) => point.x));
  const ys = linearTicks(Math.max(0, ...chart.points.map((point) => point.y)), 5);
  const xSpan = Math.log10(xs.max / xs.min);
  const xOf = (value: number) =>
    tenth(box.left + ((box.right - box.left) * Math.log10(value / xs.min)) / xSpan);
  const yOf = (value: number) => tenth(box.bottom - ((box.bottom - box.top) * value) / ys.max);
  const placed = chart.points.map((point) => ({ ...point, px: xOf(point.x), py: yOf(point.y) }));
  const id = `${className}-scatter`;

  return html`<svg
    class="${className}"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-labelledby="${id}-t ${id}-d"
  >
    <title id="${id}-t">${chart.title}</title>
    <desc id="${id}-d">${chart.description}</desc>
    ${ys.ticks.map((value) => gridLine(box.left, yOf(value), box.right, chart.yTick(value)))}
    ${xs.ticks
      .filter((_, i) => i % Math.ceil(xs.ticks.length / ((box.right - box.left) / 70)) === 0)
      .map(
        (value) =>
          html`<path class="axis" d="M${xOf(value)} ${box.bottom}v5" /><text
              class="tick"
              x="${xOf(value)}"
              y="${box.bottom + 18}"
              text-anchor="middle"
              >${chart.xTick(value)}</text
            > `,
      )}
    <path class="axis" d="M${box.left} ${box.bottom}H${box.right}" />
    <text class="tick" x="0" y="10">${chart.yTitle}</text>
    <text class="tick" x="${box.right}" y="${height - 4}" text-anchor="end">${chart.xTitle}</text>
    ${drawPoints(placed)} ${drawLabels(placed, box)}
  </svg>`;
}

interface Placed extends ScatterPoint {
  px: number;
  py: number;
}

function drawPoints(points: readonly Placed[]): Fragment {
  if (points.length <= maxSingle) {
    return points.map(
      (point) =>
        html`<path class="point" d="${shapes[point.shape]!(point.px, point.py)}"
          ><title>${point.detail}</title></path
        > `,
    );
  }
  return shapes.map((draw, shape) => {
    const mine = points.filter((point) => point.shape === shape);
    return (
      mine.length > 0 &&
      html`<path class="point" d="${mine.map((point) => draw(point.px, point.py)).join('')}" /> `
    );
  });
}

/** Names the points, first come first served, where there is room on either side; with their place where that fits. */
function drawLabels(points: readonly Placed[], area: Box): Fragment {
  const taken: Box[] = points.slice(0, maxSingle).map(({ px, py }) => around(px - 5, px + 5, py, 5));
  const labels: Html[] = [];
  for (const point of points) {
    if (labels.length >= maxLabels) break;
    const label = clipped(point.label, 22);
    // A label on the axis would hide it.
    const middle = Math.min(point.py, area.bottom - 8);
    const wordings = [` ${clipped(point.place, 22)}`, ''].flatMap((place) => [
      { place, side: 1 },
      { place, side: -1 },
    ]);
    for (const { place, side } of wordings) {
      const from = point.px + side * 8;
      const to = from + side * (label.length + place.length) * letterWidth;
      const box = around(Math.min(from, to), Math.max(from, to), middle, 8);
      if (box.right > area.right || box.left < area.left || taken.some((other) => overlap(box, other)))
        continue;
      taken.push(box);
      labels.push(
        html`<text
          class="label"
          x="${tenth(from)}"
          y="${tenth(middle + 4)}"
          text-anchor="${side === 1 ? 'start' : 'end'}"
          >${label}<tspan>${place}</tspan></text
        >`,
      );
      break;
    }
  }
  return labels;
}

/** Of a letter at 12 px in the widest of the fonts that a reader may have. */
const letterWidth = 7.2;

function around(left: number, right: number, middle: number, half: number): Box {
  return { left, right, top: middle - half, bottom: middle + half };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function gridLine(left: number, y: number, right: number, label: string): Html {
  return html`<path class="grid" d="M${left} ${y}H${right}" /><text
      class="tick"
      x="${left - 8}"
      y="${y + 4}"
      text-anchor="end"
      >${label}</text
    > `;
}

/** A bar within a whole, for a cell of a table: from `start` to `end`, both 0 to 1. */
export function strip(start: number, end: number, description: string): Html {
  const [from, to] = [start, end].map((share) => Math.min(1, Math.max(0, share)) * 1000) as [number, number];
  // Never thinner than what can be seen.
  const width = Math.max(8, to - from);
  return html`<svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img">
    <title>${description}</title>
    <rect class="track" width="1000" height="10" />
    <rect class="span" x="${tenth(Math.min(from, 1000 - width))}" width="${tenth(width)}" height="10" />
  </svg>`;
}

/** Powers of ten, with 2 and 5 between them where the data spans little. */
function logTicks(values: readonly number[]): { min: number; max: number; ticks: number[] } {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const steps = high / low > 300 ? [1] : [1, 2, 5];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power++) {
    all.push(...steps.map((step) => step * 10 ** power));
  }
  const min = all.filter((tick) => tick <= low).at(-1)!;
  const max = all.find((tick) => tick > high)!;
  return { min, max, ticks: all.filter((tick) => tick >= min && tick <= max) };
}

/** From 0 to above the largest value, in round steps. */
function linearTicks(largest: number, about: number): { max: number; ticks: number[] } {
  const rough = Math.max(largest, 1e-6) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const steps = Math.max(1, Math.ceil(largest / step));
  return {
    max: steps * step,
    ticks: Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12))),
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
