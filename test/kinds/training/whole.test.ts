/** A model from a table of the test's own, by the command line; again, and applied. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Rig } from '../../support/rig.ts';
import { startSharedTrainingRig } from '../../support/training-rig.ts';
import type { TrainingRig } from '../../support/training-rig.ts';
import { loadTrainingReport } from '../../../src/kinds/training/page/data.ts';

const rows = 400;
const few = ['--models', 'linear', 'lightgbm', '--trials', '4', '--folds', '3'];

async function start(t: TestContext): Promise<{ rig: TrainingRig; file: string }> {
  const rig = await startSharedTrainingRig(rows);
  t.after(() => rig.takeDown());
  return { rig, file: rig.file };
}

async function modelOf(rig: Rig): Promise<{ modelId: string; root: string; files: { name: string }[] }> {
  const { stdout } = await rig.command('models', 'list', '--json');
  const { models } = JSON.parse(stdout) as {
    models: { modelId: string; root: string; files: { name: string }[] }[];
  };
  assert.equal(models.length, 1);
  return models[0]!;
}

describe('a training', () => {
  test('comes to a model that beats the baseline, does nothing the second time, and is applied', async (t) => {
    const { rig, file } = await start(t);
    const planned = await rig.command(
      ...['plan', 'train', '--json', '--dataset', file, '--target', 'buys', '--exclude', 'customer', ...few],
    );
    const plan = JSON.parse(planned.stdout) as {
      rows: number;
      features: number;
      fits: number;
      fitsHere: boolean;
    };
    assert.deepEqual(
      { rows: plan.rows, features: plan.features, here: plan.fitsHere },
      { rows: rows - 1, features: 3, here: true },
    );
    const { exitCode, result, stderr } = await rig.train(...few).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(plan.fits, result.counts!['fits']);
    // baseline and linear once, lightgbm four times, on three folds.
    assert.equal(result.counts!['fits'], 3 * (1 + 1 + 4));
    assert.equal(result.counts!['complete'], result.counts!['fits']);
    assert.match(result.statement!, /On 80 test rows that had no part in the choice: log loss/);
    const { data } = await loadTrainingReport(rig.database, result.runId!);
    for (const library of ['lightgbm', 'scikit-learn']) assert.ok(data!.versions[library], library);

    const found = await rig.database.query<{
      rows: number;
      fileRows: number;
      dropped: object;
      beats: boolean;
    }>(
      `select d.rows, d.file_rows as "fileRows", d.dropped, s.beats_baseline as beats
         from training_data d, training_selections s`,
    );
    assert.deepEqual(found.rows, [
      { rows: rows - 1, fileRows: rows, dropped: { 'no target': 1 }, beats: true },
    ]);
    const importances = await rig.database.query<{ feature: string }>(
      'select feature from training_importances order by permutation desc',
    );
    assert.equal(importances.rows[0]?.feature, 'age');

    const again = await rig.train(...few).end;
    assert.equal(again.result.alreadyComplete, true);

    const model = await modelOf(rig);
    const scored = await rig.begin('score', '--model', model.modelId, '--dataset', file, '--format', 'csv')
      .end;
    assert.equal(scored.exitCode, 0, scored.stderr);
    const scorings = await rig.database.query<{ output: string; rows: number; unseen: object; gaps: object }>(
      'select output, rows, unseen, gaps from scorings',
    );
    const [scoring] = scorings.rows;
    assert.deepEqual({ ...scoring, output: '' }, { output: '', rows, unseen: {}, gaps: { age: 8 } });
    const lines = readFileSync(scoring!.output, 'utf8').trim().split('\n');
    assert.equal(lines.length, rows + 1);
    assert.match(lines[0]!, /^"row","predicted","p_no","p_yes"$/);

    const output = join(rig.stateFolder, 'model.onnx');
    const exportAs = (format: string) =>
      rig.command('models', 'export', model.modelId, '--format', format, '--output', output, '--json');
    const made = await exportAs('onnx');
    assert.equal(made.exitCode, 0, made.stderr);
    const said = JSON.parse(made.stdout) as Record<'rows' | 'difference' | 'decisions' | 'bytes', number> & {
      inputs: string[];
    };
    assert.deepEqual(said.inputs, ['age', 'channel', 'luck']);
    assert.ok(said.rows === 10_000 && said.difference < 1e-6 && said.decisions === 0, made.stdout);
    assert.equal(statSync(output).size, said.bytes);
    const other = await exportAs('pmml');
    assert.equal(other.exitCode, 2);
    assert.match(other.stderr + other.stdout, /--format has \\?"pmml\\?", but must be of onnx/);
  });
});

describe('a training says in one line', () => {
  const hopeless: [name: string, content: string, target: string, message: RegExp][] = [
    [
      'that a class has too few rows',
      `x,y\n${'1,a\n2,a\n'.repeat(20)}3,b\n4,b\n`,
      'y',
      /Class '?"?b"?'? \(2\) of .*y.* has too few rows: every class needs 5/,
    ],
    [
      'that there are too few rows',
      'x,y\n1,a\n2,b\n3,a\n',
      'y',
      /has 3 rows that can be used: at least 20 are needed/,
    ],
    [
      'that a target is not there',
      `x,y\n${'1,a\n2,b\n'.repeat(20)}`,
      'why',
      /Column .*why.* is unknown: There are x, y/,
    ],
    ['that a target has one value', `x,y\n${'1,a\n2,a\n'.repeat(20)}`, 'y', /nothing to tell apart/],
    [
      'that nothing can be learnt from',
      `x,y\n${'1,a\n1,b\n'.repeat(20)}`,
      'y',
      /no column left that can be a feature/,
    ],
  ];
  for (const [name, content, target, message] of hopeless) {
    test(name, async (t) => {
      const { rig } = await start(t);
      const file = join(rig.stateFolder, 'hopeless.csv');
      writeFileSync(file, content);
      const { exitCode, result } = await rig.begin('run', 'train', '--dataset', file, '--target', target).end;
      assert.notEqual(exitCode, 0);
      assert.match(`${result.statement} ${result.error?.message}`, message);
      assert.doesNotMatch(String(result.statement), /Traceback|\n/);
    });
  }
});

test('a model that is unknown, or retired, or another file is refused by name', async (t) => {
  const { rig, file } = await start(t);
  const quick = ['--models', 'linear', '--folds', '2'];
  assert.equal((await rig.train(...quick).end).exitCode, 0);
  const { modelId } = await modelOf(rig);
  const score = (model: string, dataset: string) =>
    rig.begin('score', '--model', model, '--dataset', dataset).end;

  const other = join(rig.stateFolder, 'other.csv');
  writeFileSync(other, 'age,luck\n30,0.5\n');
  const lacking = await score(modelId, other);
  assert.match(lacking.result.statement!, /other has no column .*channel.*, which the model needs/);
  writeFileSync(other, 'age,channel,luck\nold,web,0.5\nolder,fax,0.5\n');
  const text = await score(modelId, other);
  assert.match(
    text.result.statement!,
    /Column .*age.* of other holds text such as .*old.*, and the model was fitted on numbers/,
  );
  writeFileSync(other, 'age,channel,luck\n30,web,0.5\n40,fax,\n');
  assert.equal((await score(modelId, other)).exitCode, 0);
  const counted = await rig.database.query<{ unseen: object; gaps: object }>(
    'select unseen, gaps from scorings',
  );
  assert.deepEqual(counted.rows, [{ unseen: { channel: 1 }, gaps: { luck: 1 } }]);

  const unknown = await score('0123456789abcdef', file);
  assert.match(JSON.stringify(unknown.result) + unknown.stderr, /There is no model 0123456789abcdef/);
  await rig.command('models', 'retire', modelId, '--reason', 'superseded');
  const retired = await score(modelId, file);
  assert.match(JSON.stringify(retired.result) + retired.stderr, /was retired on \d{4}-\d\d-\d\d: superseded/);
});
