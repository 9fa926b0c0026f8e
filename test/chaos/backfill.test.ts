import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { identify } from '../../src/stack/processes.ts';
import { killsOf } from '../tiers.ts';
import { titleOf } from './cases.ts';
import { arm, identityOf, kill } from './harness.ts';
import { dates, forgetForecasts, paths, startBackfillRig } from '../support/backfill-rig.ts';
import type { BackfillRig } from '../support/backfill-rig.ts';

/** `npm run chaos -- --backfill` takes random moments. */
describe('whatever is killed during a backfill: no date is lost, doubled or other than undisturbed', () => {
  let rig: Awaited<ReturnType<typeof startBackfillRig>>;
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
    assert.deepEqual(rig.orphans(), []);
    // Failures in a row: eight kills in the life of a range must not use up the tries of the ninth.
    const { rows } = await rig.database.query('select unit from units where tries > 0');
    assert.deepEqual(rows, []);
  }

  for (const each of killsOf('backfill')) {
    const { victim, point } = each;
    test(titleOf(each), async () => {
      await forgetForecasts(rig);
      const { hit, letGo } = await arm(rig, point);
      const { end } = rig.backfill();
      const stopped = await hit;
      kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
      letGo();
      await assertAsUndisturbed(end);
    });
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
