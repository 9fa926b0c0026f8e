/** Rows without a target, by the command line: grouped, shown, applied; the same whatever the order of the rows. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startSharedRig } from '../../support/rig.ts';
import type { Rig } from '../../support/rig.ts';

const few = ['--models', 'kmeans', 'gaussian_mixture', 'dbscan', '--params', 'kmeans.clusters=2..4'];

/** Three kinds of orders, apart from each other; which day it was says nothing. */
function orders(count: number): string[] {
  let state = 7;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  return Array.from({ length: count }, (_, row) => {
    const kind = row % 3;
    const items = kind * 8 + 3 * next();
    const weight = (kind === 1 ? 20 : 5) + 4 * next();
    return `order ${row},${items.toFixed(3)},${weight.toFixed(3)},${(10 * next()).toFixed(2)}`;
  });
}

async function start(t: TestContext): Promise<Rig> {
  const rig = await startSharedRig();
  t.after(() => rig.takeDown());
  return rig;
}

/** Cluster by id, of a CSV that `score` wrote. */
function clustersIn(path: string): Map<string, string> {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  assert.equal(head, '"name","cluster","distance"');
  return new Map(
    lines.map((line) => {
      const [name, cluster, distance] = line.split(',');
      assert.ok(Number(distance) >= 0);
      return [name!, cluster!];
    }),
  );
}

test('rows without a target are grouped, shown and applied, in any order of the file', async (t) => {
  const rig = await start(t);
  const lines = orders(240);
  const written = (name: string, rows: string[]): string => {
    const file = join(rig.stateFolder, name);
    writeFileSync(file, ['name,items,weight,day', ...rows, ''].join('\n'));
    return file;
  };
  const file = written('orders.csv', lines);
  const train = (dataset: string) =>
    rig.begin('run', 'train', '--dataset', dataset, '--id', 'name', '--exclude', 'day', ...few).end;
  const { exitCode, result, stderr } = await train(file);
  assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  // k-means by 2, 3 and 4, the mixture by 2 to 15, DBSCAN once.
  assert.equal(result.counts!['fits'], 3 + 14 + 1);
  assert.match(result.statement!, /with 3 clusters has a silhouette of 0\.\d\d and is found again/);
  assert.match(result.statement!, /240 rows are 3 clusters of 80, 80, 80\./);
  assert.equal((await train(file)).result.alreadyComplete, true);

  const shuffled = written(
    'shuffled.csv',
    [...lines].sort((a, b) => a.length - b.length || (a < b ? 1 : -1)),
  );
  const other = await train(shuffled);
  assert.equal(other.exitCode, 0, other.stderr);
  const { rows: models } = await rig.database.query<{
    modelId: string;
    files: { name: string; sha256: string }[];
  }>(`select model_id as "modelId", files from models order by name`);
  assert.equal(models.length, 2);
  const arrays = models.map(({ files }) => files.find(({ name }) => name === '1-arrays.npz')!.sha256);
  assert.equal(arrays[0], arrays[1]);

  const { stdout } = await rig.command('models', 'show', models[0]!.modelId);
  assert.match(stdout, /kmeans, 3 clusters, clustering/);
  const groups: Map<string, string>[] = [];
  for (const [model, dataset] of [
    [models[0]!.modelId, shuffled],
    [models[1]!.modelId, file],
  ] as const) {
    const scored = await rig.begin(
      'score',
      '--model',
      model,
      '--dataset',
      dataset,
      '--id',
      'name',
      '--format',
      'csv',
    ).end;
    assert.equal(scored.exitCode, 0, scored.stderr);
    const { rows } = await rig.database.query<{ output: string }>(
      'select output from scorings where model_id = $1',
      [model],
    );
    groups.push(clustersIn(rows[0]!.output));
  }
  assert.deepEqual([...groups[0]!].sort(), [...groups[1]!].sort());
  assert.equal(new Set(groups[0]!.values()).size, 3);

  const html = readFileSync((result as { report?: string }).report!, 'utf8');
  for (const heading of ['Clusters', 'What they differ in', 'Silhouette over the number of clusters']) {
    assert.ok(html.includes(heading), heading);
  }
  assert.doesNotMatch(html, /undefined|NaN|the baseline/);
});
