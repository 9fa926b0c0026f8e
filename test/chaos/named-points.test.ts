import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { identify } from '../../src/stack/processes.ts';
import type { FailpointName } from '../../src/failpoints.ts';
import { killsOf } from '../tiers.ts';
import { titleOf } from './cases.ts';
import type { Victim } from './cases.ts';
import { arm, assertUndisturbed, attemptsSince, forgetMetrics, identityOf, kill } from './harness.ts';
import type { Attempts } from './harness.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';

/** Late enough in the sample for more rows than the driver sends by itself: `mid-copy` lies in a Spark task. */
const day = '2026-11-01';

describe('whatever is killed, wherever: the run completes, its rows are those of an undisturbed run', () => {
  let rig: StackRig;
  let undisturbed: string;

  before(async () => {
    rig = await startRig();
    const { exitCode, result, stderr } = await rig.run(day).end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.status, 'complete');
    undisturbed = await rig.checksum();
  });
  after(() => rig?.takeDown());

  for (const each of killsOf('metrics')) {
    const { victim, point } = each;
    test(titleOf(each), async () => {
      const before = await forgetMetrics(rig);
      const { hit, letGo } = await arm(rig, point);
      const { end } = rig.run(day);
      const stopped = await hit;
      kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
      letGo();

      await assertUndisturbed(rig, end, undisturbed);
      assertTries(victim, point, await attemptsSince(rig, before));
    });
  }
});

/**
 * Who is killed decides what is done twice: without its worker a batch is watched twice, without its own processes it is
 * tried twice. Temporal and the supervisor hold nothing that a batch needs; a JVM only until the rows are staged.
 */
function assertTries(victim: Victim, point: FailpointName, seen: Attempts): void {
  const tries = `${victim} at ${point}: ${seen.attempts} attempts, ${seen.watchers} watchers`;
  switch (victim) {
    case 'worker':
      assert.deepEqual(seen, { attempts: 1, watchers: 2 }, tries);
      break;
    case 'job':
      assert.deepEqual(seen, { attempts: 2, watchers: 1 }, tries);
      break;
    case 'jvm':
      if (point === 'batch-running' || point === 'mid-copy') assert.equal(seen.attempts, 2, tries);
      if (point === 'before-commit' || point === 'after-commit') assert.equal(seen.attempts, 1, tries);
      break;
    case 'postgres':
      // The watch or the batch, whichever asks the database first.
      assert.ok(seen.attempts === 2 || seen.watchers > 1, tries);
      break;
    case 'temporal':
    case 'supervisor':
      assert.equal(seen.attempts, 1, tries);
      break;
  }
}
