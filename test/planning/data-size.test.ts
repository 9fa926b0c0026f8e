import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseSize, columnBytes, estimateSize, sizeCategory } from '../../src/planning/data-size.ts';
import type { Column } from '../../src/planning/data-size.ts';

const mb = 2 ** 20;

for (const [type, bytes] of [
  ['binary', 64],
  ['double', 8],
  ['long', 8],
  ['bigint', 8],
  ['BIGINT', 8],
  ['integer', 4],
  ['int', 4],
  ['boolean', 1],
  ['float', 16],
  ['short', 16],
  ['timestamp', 16],
  ['decimal(10,2)', 16],
  ['array<string>', 16],
] as const) {
  test(`a value of type ${type} counts ${bytes} bytes`, () => {
    assert.equal(columnBytes({ name: 'c', type }, { rows: 5, sample: [] }), bytes);
  });
}

for (const [what, type, values, bytes] of [
  ['the mean of average and longest', 'string', ['a', 'abc'], 2.5],
  ['the same for every spelling of text', 'varchar(20)', ['a', 'abc'], 2.5],
  ['only values that are there', 'string', [null, 'abcd', undefined], 4],
  ['nothing where no row has a value', 'string', [null, null], 0],
  ['the first 1,000 rows alone', 'string', [...Array<string>(1_000).fill('ab'), 'x'.repeat(500)], 2],
] as const) {
  test(`text counts ${what}`, () => {
    const sample = values.map((c) => ({ c }));
    assert.equal(columnBytes({ name: 'c', type }, { rows: values.length, sample }), bytes);
  });
}

for (const [totalMb, category] of [
  [0, 'small'],
  [99.9, 'small'],
  [100, 'medium'],
  [999.9, 'medium'],
  [1_000, 'large'],
  [9_999.9, 'large'],
  [10_000, 'huge'],
  [100_000, 'huge'],
] as const) {
  test(`${totalMb} MB are ${category}`, () => assert.equal(sizeCategory(totalMb), category));
}

test('an analysis multiplies the bytes of a row by the rows', () => {
  const columns: Column[] = [
    { name: 'id', type: 'long' },
    { name: 'day', type: 'date' },
    { name: 'name', type: 'string' },
  ];
  assert.deepEqual(analyseSize({ columns, rows: 40 * mb, sample: [{ name: 'twelve bytes' }] }), {
    rows: 40 * mb,
    totalMb: 1_440,
    memoryGb: 1_440 / 1024,
    category: 'large',
    complexity: 0.4,
    estimateSource: 'analysis',
  });
});

const texts = (count: number, distinct?: number): Column[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    type: 'string',
    ...(distinct !== undefined && { distinct }),
  }));
const rowOf = (columns: Column[]): Record<string, unknown> =>
  Object.fromEntries(columns.map(({ name }) => [name, 'x']));

for (const [what, columns, sampled, complexity] of [
  ['a type counts 0.1', [{ name: 'a', type: 'long' }], true, 0.1],
  ['columns of one type count once', [...'abc'].map((name) => ({ name, type: 'long' })), true, 0.1],
  ['a text column counts 0.1 beside its type', texts(1), true, 0.2],
  ['1,000 distinct values are not many', texts(1, 1_000), true, 0.2],
  ['more than 1,000 distinct values count 0.2', texts(1, 1_001), true, 0.4],
  ['it ends at 1', texts(9, 2_000), true, 1],
  ['it is 0.5 without any column', [], true, 0.5],
  ['it is 0.5 where distinct values are unknown', texts(1), false, 0.5],
  ['it is 0.5 where their number is none', texts(1, Number.NaN), true, 0.5],
] as const) {
  test(`complexity: ${what}`, () => {
    const size = analyseSize({
      columns,
      rows: sampled ? 1 : 0,
      sample: sampled ? [rowOf([...columns])] : [],
    });
    assert.equal(size.complexity, complexity);
  });
}

test('distinct values are counted in all rows given, not in the 1,000 that are measured', () => {
  const sample = Array.from({ length: 1_500 }, (_, index) => ({ t0: `v${index}` }));
  assert.equal(analyseSize({ columns: texts(1), rows: 1_500, sample }).complexity, 0.4);
});

for (const [what, data, error] of [
  ['a negative number of rows', { columns: [], rows: -1, sample: [] }, /rows is -1/],
  ['text without a row to measure', { columns: texts(1), rows: 5, sample: [] }, /column t0 is text/],
  ['a schema that is none', { columns: null as unknown as Column[], rows: 5, sample: [] }, /null/],
] as const) {
  test(`an analysis of ${what} is unknown, with the reason`, () => {
    const { error: reason, ...size } = analyseSize(data);
    assert.deepEqual(size, {
      rows: 0,
      totalMb: 0,
      memoryGb: 0,
      category: 'unknown',
      estimateSource: 'analysis',
    });
    assert.match(reason ?? '', error);
  });
}

for (const [what, hints, totalMb, rows, source, category] of [
  ['a size that is given', { dataSizeMb: 2_048 }, 2_048, 2_048_000, 'given', 'large'],
  ['a size with its rows', { dataSizeMb: 50, rows: 7 }, 50, 7, 'given', 'small'],
  ['a CSV file', { objectMb: 150, format: 'csv' }, 150, 150_000, 'object', 'medium'],
  ['a file of unknown format', { objectMb: 150 }, 150, 150_000, 'object', 'medium'],
  ['a parquet file', { objectMb: 150, format: 'Parquet' }, 150, 750_000, 'object', 'medium'],
  ['a table', { table: { bytes: 3 * mb, rows: 12 } }, 3, 12, 'table', 'small'],
  ['a table without bytes', { table: { bytes: 0, rows: 2_500_000 } }, 250, 2_500_000, 'table', 'medium'],
  ['a small table without bytes', { table: { bytes: 0, rows: 5 } }, 1, 5, 'table', 'small'],
  ['a table of nothing', { table: { bytes: 0, rows: 0 } }, 1, 1_000, 'table', 'small'],
  ['nothing', {}, 100, 10_000, 'nothing known', 'medium'],
  [
    'all at once: what is given wins',
    { dataSizeMb: 1, objectMb: 2, table: { bytes: 3, rows: 3 } },
    1,
    1_000,
    'given',
    'small',
  ],
  [
    'a file and a table: the file wins',
    { objectMb: 2, table: { bytes: 3, rows: 3 } },
    2,
    2_000,
    'object',
    'small',
  ],
] as const) {
  test(`without reading, from ${what}`, () => {
    assert.deepEqual(estimateSize(hints), {
      rows,
      totalMb,
      memoryGb: totalMb / 1024,
      category,
      estimateSource: source,
    });
  });
}

test('an estimate from nonsense is unknown, with the reason and the rule', () => {
  assert.deepEqual(estimateSize({ objectMb: Number.NaN }), {
    rows: 0,
    totalMb: 0,
    memoryGb: 0,
    category: 'unknown',
    estimateSource: 'object',
    error: 'objectMb is NaN, but must be a number of at least 0',
  });
});
