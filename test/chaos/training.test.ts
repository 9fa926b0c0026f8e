import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TrainingPhase } from '../../src/kinds/training/phases.ts';
import { identify } from '../../src/stack/processes.ts';
import { startTrainingRig } from '../support/training-rig.ts';
import { killsOf } from '../tiers.ts';
import { titleOf } from './cases.ts';
import { arm, identityOf, kill } from './harness.ts';

const few = ['--models', 'linear', 'lightgbm', '--trials', '2', '--folds', '2'];
const fits = 2 * (1 + 1 + 2);

describe('whatever is killed during a training: the model, its figures and the choice of an undisturbed one', () => {
  let rig: Awaited<ReturnType<typeof startTrainingRig>>;
  let undisturbed: string;

  before(async () => {
    rig = await startTrainingRig(200);
    const { exitCode, result, stderr } = await rig.train(...few).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.counts!['complete'], fits);
    undisturbed = await rig.trainingChecksum();
  });
  after(() => rig?.takeDown());

  for (const each of killsOf('training')) {
    const { victim, point, phase } = each;
    test(titleOf(each), async () => {
      await rig.forgetFrom(phase as TrainingPhase);
      const { hit, letGo } = await arm(rig, point);
      const { end } = rig.train(...few);
      const stopped = await hit;
      kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
      letGo();
      const { exitCode, result, stderr } = await end;
      assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
      assert.equal(result.status, 'complete');
      assert.equal(await rig.trainingChecksum(), undisturbed);
      assert.deepEqual(rig.orphans(), []);
    });
  }
});
