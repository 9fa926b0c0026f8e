import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { identify } from '../../src/stack/processes.ts';
import { fewFolds, fewModels, startCvRig } from '../support/cv-rig.ts';
import { killsOf } from '../tiers.ts';
import { titleOf } from './cases.ts';
import { arm, identityOf, kill } from './harness.ts';

describe('whatever is killed during a cross-validation: no fit is lost, doubled or other than undisturbed', () => {
  let rig: Awaited<ReturnType<typeof startCvRig>>;
  let undisturbed: string;
  const begin = (mode: string) =>
    rig.crossValidate('--mode', mode, '--models', ...fewModels, '--folds', String(fewFolds));

  before(async () => {
    rig = await startCvRig();
    const { exitCode, result, stderr } = await begin('mp').end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.counts!['complete'], fewModels.length * fewFolds);
    undisturbed = await rig.cvChecksum();
  });
  after(() => rig?.takeDown());

  for (const each of killsOf('cross-validation')) {
    const { victim, point, mode } = each;
    test(titleOf(each), async () => {
      await rig.forgetFits();
      const { hit, letGo } = await arm(rig, point);
      const { end } = begin(mode!);
      const stopped = await hit;
      kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
      letGo();
      const { exitCode, result, stderr } = await end;
      assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
      assert.equal(result.status, 'complete');
      assert.equal(await rig.cvChecksum(), undisturbed);
      assert.deepEqual(rig.orphans(), []);
    });
  }
});
