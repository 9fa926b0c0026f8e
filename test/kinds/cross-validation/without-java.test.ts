import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewFolds, fewModels, startCvRig } from '../../support/cv-rig.ts';

test('modes pandas and mp run on a machine that has no Java', async (t) => {
  const rig = await startCvRig(300, {}, { javaHome: '/nowhere' });
  t.after(() => rig.takeDown());
  const sums = new Set<string>();
  for (const mode of ['pandas', 'mp']) {
    await rig.forgetFits(true);
    const { exitCode, result, stderr } = await rig.crossValidate(
      ...['--mode', mode, '--models', ...fewModels, '--folds', String(fewFolds)],
    ).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.counts!['complete'], fewModels.length * fewFolds);
    sums.add(await rig.cvChecksum());
  }
  assert.equal(sums.size, 1);
  const { stdout } = await rig.command('status', '--json');
  const { parts } = JSON.parse(stdout) as { parts: { name: string; state: string; problem?: string }[] };
  assert.ok(
    parts.some(({ name }) => name === 'spark'),
    'the keeper serves without a JVM',
  );
});
