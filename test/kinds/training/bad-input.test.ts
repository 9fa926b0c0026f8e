/** What a training answers to files and requests that cannot be right: one line each, by the real command. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startSharedRig } from '../../support/rig.ts';
import type { Rig } from '../../support/rig.ts';

const lines = (count: number, line: (row: number) => string): string =>
  `${Array.from({ length: count }, (_, row) => line(row)).join('\n')}\n`;
const two = `x,y\n${lines(60, (row) => `${(row * 37) % 11},${row % 2 ? 'a' : 'b'}`)}`;
const numbers = `x,y\n${lines(60, (row) => `${(row * 37) % 11},${row + 0.5}`)}`;

/** A file and its options, and what is answered. */
const hopeless: [name: string, content: string, options: string[], message: RegExp][] = [
  [
    'a class of two rows',
    `x,y\n${'1,a\n2,a\n'.repeat(20)}3,b\n4,b\n`,
    ['--target', 'y'],
    /Class .*b.* \(2\) of .*y.* has too few rows: every class needs 5/,
  ],
  [
    'three rows',
    'x,y\n1,a\n2,b\n3,a\n',
    ['--target', 'y'],
    /has 3 rows that can be used: at least 20 are needed/,
  ],
  ['a target that is missing', two, ['--target', 'why'], /Column .*why.* is unknown: There are x, y/],
  ['a target of one value', `x,y\n${'1,a\n2,a\n'.repeat(20)}`, ['--target', 'y'], /nothing to tell apart/],
  [
    'a number that never changes',
    `x,y\n${lines(40, (row) => `${row % 7},1.5`)}`,
    ['--target', 'y', '--task', 'regression'],
    /is 1\.5 in every row/,
  ],
  [
    'nothing to learn from',
    `x,y\n${'1,a\n1,b\n'.repeat(20)}`,
    ['--target', 'y'],
    /no column left that can be a feature/,
  ],
  [
    'columns without a value',
    `x,z,y\n${lines(40, (row) => `,,${row % 2 ? 'a' : 'b'}`)}`,
    ['--target', 'y'],
    /no column left that can be a feature/,
  ],
  ['a header alone', 'x,y\n', ['--target', 'y'], /no rows|0 rows/],
  [
    'a text target of 10,000 levels',
    `x,y\n${lines(10_000, (row) => `${row % 7},name ${row}`)}`,
    ['--target', 'y'],
    /'y' is the target and has 10,000 classes, and at most 100 can be told apart: merge the rare ones into one/,
  ],
  [
    'classes where numbers are asked for',
    two,
    ['--target', 'y', '--task', 'regression'],
    /y.* (holds|has|is)/,
  ],
  [
    'numbers where classes are asked for',
    numbers,
    ['--target', 'y', '--task', 'classification'],
    /Class .*too few rows/,
  ],
  [
    'a parameter that no model has',
    two,
    ['--target', 'y', '--models', 'lightgbm', '--params', 'lightgbm.num_leafs=4'],
    /lightgbm has no parameter "num_leafs"\. Did you mean "num_leaves"/,
  ],
  [
    'a parameter out of its range',
    two,
    ['--target', 'y', '--models', 'lightgbm', '--params', 'lightgbm.feature_fraction=1.5'],
    /feature_fraction/,
  ],
  [
    'a threshold where there are three classes',
    `x,y\n${lines(60, (row) => `${(row * 37) % 11},${'abc'[row % 3]}`)}`,
    ['--target', 'y', '--threshold', 'f1', '--models', 'linear'],
    /threshold is for two classes, and hopeless has 3: leave it out/,
  ],
  [
    'a parameter of a model that is not fitted',
    two,
    ['--target', 'y', '--params', 'tree.max_depth=3'],
    /params has tree, which is not among the models that are fitted/,
  ],
  [
    'more clusters than rows',
    `x,z\n${lines(30, (row) => `${row * row},${(row * 7) % 5}`)}`,
    ['--models', 'kmeans', '--params', 'kmeans.clusters=90'],
    /kmeans\.clusters is 90, and hopeless has 30 rows that take part: there can be at most 29 clusters/,
  ],
  [
    'a range that ends above the rows',
    `x,z\n${lines(30, (row) => `${row * row},${(row * 7) % 5}`)}`,
    ['--models', 'kmeans', '--params', 'kmeans.clusters=2..30'],
    /kmeans\.clusters is up to 30, and hopeless has 30 rows/,
  ],
  [
    'a family that the target cannot have',
    `x,y\n${lines(60, (row) => `${(row * 37) % 11},${row - 30.5}`)}`,
    ['--target', 'y', '--models', 'linear', 'glm', '--params', 'glm.family=gamma'],
    /The family gamma needs numbers above 0, and the target has -\d+\.5/,
  ],
];

describe('a training says in one line', () => {
  let rig: Rig;
  before(async () => {
    rig = await startSharedRig();
  });
  after(() => rig?.takeDown());

  const ask = async (
    content: string,
    options: string[],
  ): Promise<{ exitCode: number | null; said: string }> => {
    const file = join(rig.stateFolder, 'hopeless.csv');
    writeFileSync(file, content);
    const { exitCode, result, stderr } = await rig.begin('run', 'train', '--dataset', file, ...options).end;
    return { exitCode, said: result.statement ?? result.error?.message ?? stderr };
  };

  for (const [name, content, options, message] of hopeless) {
    test(name, async () => {
      const { exitCode, said } = await ask(content, options);
      assert.notEqual(exitCode, 0);
      assert.match(said, message);
      assert.doesNotMatch(said, /Traceback|\n./);
      assert.ok(said.length < 900, `${said.length} characters`);
    });
  }

  test('that a later file lacks a column', async () => {
    const later = join(rig.stateFolder, 'later.csv');
    writeFileSync(later, 'y\na\nb\n');
    const { exitCode, said } = await ask(two, ['--target', 'y', '--oot', later]);
    assert.notEqual(exitCode, 0);
    assert.match(said, /later has no column .*x.*, which the model needs/);
  });

  test('that a later file is the file itself', async () => {
    const { exitCode, said } = await ask(two, [
      '--target',
      'y',
      '--oot',
      join(rig.stateFolder, 'hopeless.csv'),
    ]);
    assert.notEqual(exitCode, 0);
    assert.match(said, /oot has hopeless, whose bytes are those of the data set/);
  });

  test('nothing, where 2,000 columns and names of every kind are trained on', async () => {
    const names = Array.from({ length: 2_000 }, (_, number) => `c${number}`);
    names[7] = '"a,""b[c]:{"';
    const rows = lines(60, (row) =>
      [
        row % 2 ? 'a' : 'b',
        ...names.map((_, column) => (row * 7919 + column * 104_729 + row * column) % 101),
      ].join(','),
    );
    const { exitCode, said } = await ask(`y,${names.join(',')}\n${rows}`, [
      ...['--target', 'y', '--models', 'linear', 'lightgbm', '--trials', '1', '--folds', '2'],
    ]);
    assert.equal(exitCode, 0, said);
    const { rows: features } = await rig.database.query<{ found: boolean }>(
      `select exists (select from training_importances where feature = 'a,"b[c]:{') as found`,
    );
    assert.deepEqual(features, [{ found: true }]);
  });
});
