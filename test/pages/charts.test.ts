import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scatter, strip } from '../../src/pages/charts.ts';
import type { ScatterPoint } from '../../src/pages/charts.ts';

function chart(points: ScatterPoint[]) {
  const given = {
    title: 'APY against TVL',
    description: 'Two pools.',
    xTitle: 'TVL',
    yTitle: 'APY',
    xTick: String,
    yTick: String,
  };
  return scatter({ ...given, points }, 900, 340, 'wide').markup;
}

const point = (x: number, y: number, shape = 0, label = 'USDC'): ScatterPoint => ({
  x,
  y,
  shape,
  label,
  place: 'aave-v3',
  detail: `${label} at ${x}`,
});

test('says in words what it shows', () => {
  const svg = chart([point(1e6, 5), point(1e8, 2)]);
  assert.match(svg, /role="img"/);
  assert.match(svg, /aria-labelledby="wide-scatter-t wide-scatter-d"/);
  assert.match(svg, /<title id="wide-scatter-t">APY against TVL<\/title>/);
  assert.match(svg, /<desc id="wide-scatter-d">Two pools\.<\/desc>/);
});

test('groups differ by shape, not by colour alone', () => {
  const drawn = [0, 1, 2, 3].map((shape) => {
    const [, d] = /<path class="point" d="([^"]+)"/.exec(
      chart([point(1e6, 5, shape), point(1e6, 5, shape)]),
    )!;
    return d!.replace(/^M[\d.]+ [\d.]+/, '');
  });
  assert.equal(new Set(drawn).size, 4);
});

for (const [what, points] of [
  ['equal points', [point(1e6, 5), point(1e6, 5)]],
  ['a yield of zero everywhere', [point(1e6, 0), point(1e7, 0)]],
  ['one power of ten exactly', [point(1e6, 1), point(1e7, 10)]],
  ['thirteen orders of magnitude', [point(1e-2, 1e-6), point(1e11, 1e6)]],
] as const) {
  test(`stays inside of its frame for ${what}`, () => {
    const svg = chart([...points]);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    const centres = [...svg.matchAll(/class="point" d="M([\d.-]+) ([\d.-]+)a/g)].map(([, x, y]) => [
      Number(x) + 4,
      Number(y),
    ]);
    assert.equal(centres.length, points.length);
    for (const [x, y] of centres) assert.ok(x! >= 46 && x! <= 888 && y! >= 22 && y! <= 300, `${x}, ${y}`);
  });
}

test('a symbol cannot break out of a label or a tooltip', () => {
  const svg = chart([point(1e6, 5, 0, '</title><script>'), point(1e8, 2)]);
  assert.doesNotMatch(svg, /<script/);
  assert.match(svg, /&lt;script&gt;/);
});

test('no label lies on another', () => {
  const crowd = Array.from({ length: 60 }, (_, i) => point(1e6 * 1.12 ** i, (i * 7) % 13, i % 4, `POOL${i}`));
  const boxes = [
    ...chart(crowd).matchAll(
      /class="label"\s+x="([\d.]+)"\s+y="([\d.]+)"\s+text-anchor="(\w+)"\s*>(.*?)<tspan>(.*?)<\/tspan>/g,
    ),
  ].map(([, x, y, anchor, label, place]) => {
    const width = (label!.length + place!.length) * 7;
    const left = anchor === 'start' ? Number(x) : Number(x) - width;
    return { left, right: left + width, y: Number(y) };
  });
  assert.ok(boxes.length > 3);
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      assert.ok(Math.abs(a.y - b.y) >= 12 || a.right <= b.left || b.right <= a.left);
    }
  }
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
