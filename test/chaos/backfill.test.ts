import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { identify } from '../../src/stack/processes.ts';
import { batchFailpoints } from '../../src/failpoints.ts';
import type { FailpointName } from '../../src/failpoints.ts';
import { arm, everyCombination, identityOf, kill, orphans, victims } from './harness.ts';
import type { Victim } from './harness.ts';
import { dates, forgetForecasts, paths, startBackfillRig } from '../support/backfill-rig.ts';
import type { BackfillRig } from '../support/backfill-rig.ts';

/** Before a batch exists there is no process of it that could be killed. */
const impossible = (victim: Victim, point: FailpointName) =>
  victim === 'job' && (point === 'before-create' || point === 'after-create');

/**
 * Every victim in the middle of a transaction; who holds the batch also after it. `npm run chaos -- --backfill` takes random
 * moments.
 */
const worthIt = (victim: Victim, point: FailpointName) =>
  everyCombination ||
  point === 'mid-copy' ||
  (point === 'after-commit' && (victim === 'worker' || victim === 'job')) ||
  (point === 'before-commit' && victim === 'postgres');

describe('whatever is killed during a backfill: no date is lost, doubled or other than undisturbed', () => {
  let rig: BackfillRig;
  let undisturbed: string;

  before(async () => {
    rig = await startBackfillRig();
    const { exitCode, result, stderr } = await rig.backfill().end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.counts!['rows'], 2 * dates * paths);
    undisturbed = await rig.forecastChecksum();
  });
  after(() => rig?.takeDown());

  async function assertAsUndisturbed(end: ReturnType<BackfillRig['backfill']>['end']): Promise<void> {
    const { exitCode, result, stderr } = await end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.status, 'complete');
    assert.equal(await rig.forecastChecksum(), undisturbed);
    assert.deepEqual(orphans(rig), []);
    // Failures in a row: eight kills in the life of a range must not use up the tries of the ninth.
    const { rows } = await rig.database.query('select unit from units where tries > 0');
    assert.deepEqual(rows, []);
  }

  for (const victim of victims) {
    for (const point of batchFailpoints) {
      if (impossible(victim, point) || !worthIt(victim, point)) continue;
      test(`${victim} killed at ${point} of a chunk`, async () => {
        await forgetForecasts(rig);
        const { hit, letGo } = await arm(rig, point);
        const { end } = rig.backfill();
        const stopped = await hit;
        kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
        letGo();
        await assertAsUndisturbed(end);
      });
    }
  }

  test('job killed before a model is committed', async () => {
    await forgetForecasts(rig, true);
    const { hit, letGo } = await arm(rig, 'before-commit');
    const { end } = rig.backfill();
    kill(identify(await hit));
    letGo();
    await assertAsUndisturbed(end);
  });
});
