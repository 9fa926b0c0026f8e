import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { identify } from '../../src/stack/processes.ts';
import { makePanel } from '../support/panel.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';
import { receiver } from '../support/slack-receiver.ts';
import type { Receiver } from '../support/slack-receiver.ts';
import { killsOf } from '../tiers.ts';
import { titleOf } from './cases.ts';
import { arm, assertUndisturbed, identityOf, kill } from './harness.ts';

const day = '2026-03-31';

/** What a batch goes through whatever its job is in named-points.test.ts; here, who holds the rows of this one, and the message. */
describe('killed in forecast, allocate or report: the same rows, and one message', () => {
  let slack: Receiver;
  let closeSlack: (() => void) | undefined;
  let rig: StackRig;
  let source: string[];
  let undisturbed: string;

  before(async () => {
    slack = await receiver({ after: (end) => (closeSlack = end) });
    rig = await startRig({ SLACK_WEBHOOK_URL: slack.url });
    const folder = join(rig.stateFolder, 'panel');
    // Too short for a model: what is killed here is distinguished by who holds the rows, not by how they were fitted.
    makePanel(folder, { pools: 9, days: 9, lastDay: '2026-03-30' });
    source = ['--dataset', 'files', '--path', folder];
    const { exitCode, result, stderr } = await rig.run(day, ...source).end;
    assert.equal(exitCode, 0, stderr);
    assert.equal(result.status, 'complete');
    undisturbed = await rig.checksum();
    assert.equal(slack.messages.length, 1);
  });
  after(async () => {
    await rig?.takeDown();
    closeSlack?.();
  });
  beforeEach(() => {
    slack.messages.length = 0;
  });

  for (const each of killsOf('second half')) {
    const { phase, point, victim } = each;
    test(titleOf(each), async () => {
      await forgetFrom(rig, phase as 'forecast' | 'allocate' | 'report');
      const { hit, letGo } = await arm(rig, point);
      const { end } = rig.run(day, ...source);
      const stopped = await hit;
      kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
      letGo();

      await assertUndisturbed(rig, end, undisturbed);
      assert.equal(slack.messages.length, 1);
    });
  }
});

/** Throws away what a phase and those after it wrote of the day, the message's record among it. */
async function forgetFrom(
  { database, stateFolder }: StackRig,
  phase: 'forecast' | 'allocate' | 'report',
): Promise<void> {
  if (phase === 'forecast') await database.query('truncate pool_forecasts, pool_forecast_quantiles');
  if (phase !== 'report')
    await database.query('truncate allocations, allocation_positions, asset_allocations');
  await database.query('truncate notifications');
  rmSync(join(stateFolder, 'reports'), { recursive: true, force: true });
}
