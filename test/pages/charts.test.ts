import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beforeAfterChart, timelineChart } from '../../src/pages/charts/bars.ts';
import { fanChart } from '../../src/kinds/daily/page/fan-chart.ts';
import { lineChart } from '../../src/pages/charts/lines.ts';
import { figureOf } from '../../src/pages/charts/render.ts';
import type { Chart } from '../../src/pages/charts/render.ts';
import { scatterChart } from '../../src/pages/charts/scatter.ts';
import { strip } from '../../src/pages/charts/strip.ts';

const words = { title: 'A title', description: 'What it shows.' };
const days = ['2025-06-01', '2025-06-02', '2025-06-03'];
const hostile = `</text></svg><script>alert(1)</script>"'`;

function lines(values: (number | null)[], id = 'lines', name = 'forecast'): Chart {
  return lineChart({
    ...words,
    id,
    days,
    lines: [{ name, look: 'solid', values }],
    tick: String,
    fromZero: true,
  });
}

function bars(name: string, after = 5): Chart {
  return beforeAfterChart({ ...words, id: 'bars', rows: [{ name, before: 1, after }], tick: String });
}

function points(label: string, shape = 0, x = 1e6): Chart {
  const point = (at: number) => ({ x: at, y: 5, label, shape });
  return scatterChart({
    ...words,
    id: 'points',
    xTitle: 'TVL',
    yTitle: 'APY',
    xTick: String,
    points: [point(x), point(x * 1000)],
    legend: [],
  });
}

function timeline(name: string): Chart {
  return timelineChart({
    ...words,
    id: 'time',
    rows: [{ name, from: 1, to: 2, kind: 'phase' }],
    tick: String,
  });
}

const fan = {
  poolId: 'p',
  history: [{ date: days[0]!, apy: 4 }],
  quantiles: [{ date: days[1]!, q10: 3, q50: 4, q90: 6 }],
};

const drawn: Record<string, (name: string) => Chart> = {
  lines: (name) => lines([1, 2, 3], 'lines', name),
  bars,
  points,
  timeline,
  fan: (name) => fanChart('fan', name, fan),
};

for (const [kind, draw] of Object.entries(drawn)) {
  test(`${kind}: says in words what it shows, at both sizes`, () => {
    const { markup } = figureOf(draw('a pool'));
    assert.equal([...markup.matchAll(/role="img"/g)].length, 2);
    assert.equal([...markup.matchAll(/aria-label="[^"]{10,}"/g)].length, 2);
  });

  test(`${kind}: a name cannot break out of it`, () => {
    const { markup } = figureOf(draw(hostile));
    assert.doesNotMatch(markup, /<script|<\/svg><script/);
    assert.equal([...markup.matchAll(/<svg\s+class="(?:wide|narrow) chart"/g)].length, 2);
  });

  test(`${kind}: coloured by the page alone, so that it follows light, dark and paper`, () => {
    const { markup } = figureOf(draw('a pool'));
    const colours = [...markup.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour!);
    const foreign = colours.filter(
      (colour) => !/^(?:none|transparent|var\(--[\w-]+\)|url\(#.*\))$/.test(colour),
    );
    // What cuts off is never painted, whatever its colour.
    assert.deepEqual(
      foreign.filter((colour) => colour !== '#000'),
      [],
    );
    assert.ok(colours.some((colour) => colour.startsWith('var(')));
  });

  test(`${kind}: the same data gives the same drawing, however many were drawn before`, () => {
    assert.equal(figureOf(draw('a pool')).markup, figureOf(draw('a pool')).markup);
  });

  test(`${kind}: carries nothing that loads or runs, and no style of its own`, () => {
    const { markup } = figureOf(draw('a pool'));
    assert.doesNotMatch(markup, /<style|<image|<script|href=|\son\w+=/);
  });
}

test('ids are unique among the charts of a page', () => {
  const markup = ['equity', 'errors'].map((id) => figureOf(lines([1, 2, 3], id)).markup).join('');
  const ids = [...markup.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  assert.ok(ids.length >= 4);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, used] of markup.matchAll(/url\(#([^)]+)\)/g)) assert.ok(ids.includes(used), used);
});

/** The points of the first line that is drawn, in pixels. */
function path(chart: Chart): { x: number; y: number }[] {
  const [, d] = /<path d="(M[^"]+)"[^>]*stroke="var\(--mark\)"/.exec(figureOf(chart).markup)!;
  return [...d!.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

test('a line goes through its values', () => {
  const [a, b, c] = path(lines([1, 2, 4]));
  // From zero at the bottom: the second step is twice the first.
  assert.ok(Math.abs((b!.y - c!.y) / (a!.y - b!.y) - 2) < 0.02, JSON.stringify([a, b, c]));
  assert.ok(Math.abs(c!.x - b!.x - (b!.x - a!.x)) < 0.3);
});

test('a day without a value is a gap, not a zero', () => {
  const { markup } = figureOf(lines([1, null, 4]));
  assert.doesNotMatch(markup, /NaN|undefined|null/);
});

test('labels keep their decimals: only coordinates are cut', () => {
  const { markup } = figureOf(bars('1.2345 pool'));
  assert.match(markup, /1\.2345 pool/);
});

for (const [what, values] of [
  ['one value', [1, null, null]],
  ['zeros', [0, 0, 0]],
  ['nothing', [null, null, null]],
  ['twelve orders of magnitude', [1e-6, 1, 1e6]],
] as const) {
  test(`draws ${what} without a broken number`, () => {
    assert.doesNotMatch(figureOf(lines([...values])).markup, /NaN|Infinity|undefined/);
  });
}

test('groups differ by shape, not by colour alone', () => {
  const shapes = [0, 1, 2, 3].map((shape) => {
    const { markup } = figureOf(points('', shape));
    return /<path d="([^"]+)" transform/.exec(markup)?.[1]?.replaceAll(/[\d.-]+/g, '') ?? markup;
  });
  assert.equal(new Set(shapes).size, 4, shapes.join('\n'));
});

test('a strip keeps within its whole and can always be seen', () => {
  for (const [start, end] of [
    [0, 0],
    [1, 1],
    [-0.5, 2],
    [0.5, 0.5001],
  ] as const) {
    const [, x, width] = /class="span" x="([\d.]+)" width="([\d.]+)"/.exec(strip(start, end, 'x').markup)!;
    assert.ok(Number(width) >= 8 && Number(x) + Number(width) <= 1000.05, `${x} ${width}`);
  }
});
