import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { batchFailpoints, fitFailpoints } from '../../src/failpoints.ts';
import type { FailpointName } from '../../src/failpoints.ts';
import { identify } from '../../src/stack/processes.ts';
import { folds, models, startCvRig } from '../support/cv-rig.ts';
import type { CvRig } from '../support/cv-rig.ts';
import { arm, everyCombination, identityOf, kill, orphans, victims } from './harness.ts';
import type { Victim } from './harness.ts';

/** A fit copies nothing; before a batch exists there is no process of it that could be killed. */
const impossible = (victim: Victim, point: FailpointName) =>
  point === 'mid-copy' || (victim === 'job' && (point === 'before-create' || point === 'after-create'));

/** Every victim in the middle of a fit; the fit's own process also around its commit. */
const worthIt = (victim: Victim, point: FailpointName) =>
  everyCombination ||
  point === 'fit-running' ||
  (victim === 'job' && (point === 'before-commit' || point === 'after-commit')) ||
  (victim === 'worker' && point === 'after-commit');

describe('whatever is killed during a cross-validation: no fit is lost, doubled or other than undisturbed', () => {
  let rig: CvRig;
  let undisturbed: string;

  before(async () => {
    rig = await startCvRig();
    const { exitCode, result, stderr } = await rig.crossValidate('--mode', 'mp').end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.counts!['complete'], models.length * folds);
    undisturbed = await rig.cvChecksum();
  });
  after(() => rig?.takeDown());

  const points = [...batchFailpoints, ...fitFailpoints];
  for (const victim of victims) {
    for (const point of points) {
      if (impossible(victim, point) || !worthIt(victim, point)) continue;
      for (const mode of victim === 'jvm'
        ? ['spark_local']
        : everyCombination
          ? ['mp', 'spark_local']
          : ['mp']) {
        test(`${victim} killed at ${point} of a fit, mode ${mode}`, async () => {
          await rig.forgetFits();
          const { hit, letGo } = await arm(rig, point);
          const { end } = rig.crossValidate('--mode', mode);
          const stopped = await hit;
          kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
          letGo();
          const { exitCode, result, stderr } = await end;
          assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
          assert.equal(result.status, 'complete');
          assert.equal(await rig.cvChecksum(), undisturbed);
          assert.deepEqual(orphans(rig), []);
        });
      }
    }
  }
});
