import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { FailpointName } from '../../src/failpoints.ts';
import { identify } from '../../src/stack/processes.ts';
import { makePanel } from '../support/panel.ts';
import { startRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { receiver } from '../support/slack-receiver.ts';
import type { Receiver } from '../support/slack-receiver.ts';
import { arm, assertUndisturbed, everyCombination, identityOf, kill, victims } from './harness.ts';
import type { Victim } from './harness.ts';

const day = '2026-03-31';

/** Who can be killed while an activity works by itself, without a batch. */
const outside = ['worker', 'postgres', 'temporal', 'supervisor'] as const;
const inJob = (few: readonly Victim[]): readonly Victim[] => (everyCombination ? victims : few);
const inActivity = (few: readonly Victim[]): readonly Victim[] => (everyCombination ? outside : few);

/**
 * What is redone, and where the kill falls: in the batch of the forecast, or in an activity of the two phases after it. What a
 * batch goes through whatever its job is in named-points.test.ts; here, who holds the rows of this one, and the message.
 */
const kills: { phase: 'forecast' | 'allocate' | 'report'; points: FailpointName[]; by: readonly Victim[] }[] =
  [
    { phase: 'forecast', points: ['forecast-fitted'], by: inJob(['jvm', 'job']) },
    { phase: 'forecast', points: ['before-commit'], by: inJob(['postgres']) },
    { phase: 'forecast', points: ['after-commit'], by: inJob(['job']) },
    { phase: 'allocate', points: ['allocate-solved'], by: inActivity(['worker']) },
    { phase: 'allocate', points: ['allocate-before-commit'], by: inActivity(['worker', 'postgres']) },
    { phase: 'report', points: ['report-written', 'notify-before-claim'], by: inActivity(['worker']) },
    { phase: 'report', points: ['notify-sent'], by: inActivity(['worker', 'postgres']) },
  ];

describe('killed in forecast, allocate or report: the same rows, and one message', () => {
  let slack: Receiver;
  let closeSlack: (() => void) | undefined;
  let rig: Rig;
  let source: string[];
  let undisturbed: string;

  before(async () => {
    slack = await receiver({ after: (end) => (closeSlack = end) });
    rig = await startRig({ SLACK_WEBHOOK_URL: slack.url });
    const folder = join(rig.stateFolder, 'panel');
    makePanel(folder, { pools: 9, days: 90, lastDay: '2026-03-30' });
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

  for (const { phase, points, by } of kills) {
    for (const point of points) {
      for (const victim of by) {
        test(`${victim} killed in ${phase} at ${point}`, async () => {
          await forgetFrom(rig, phase);
          const { hit, letGo } = await arm(rig, point);
          const { end } = rig.run(day, ...source);
          const stopped = await hit;
          kill(victim === 'job' ? identify(stopped) : identityOf(rig, victim));
          letGo();

          await assertUndisturbed(rig, end, undisturbed);
          assert.equal(slack.messages.length, 1);
        });
      }
    }
  }
});

/** Throws away what a phase and those after it wrote of the day, the message's record among it. */
async function forgetFrom(
  { database, stateFolder }: Rig,
  phase: 'forecast' | 'allocate' | 'report',
): Promise<void> {
  if (phase === 'forecast') await database.query('truncate pool_forecasts, pool_forecast_quantiles');
  if (phase !== 'report')
    await database.query('truncate allocations, allocation_positions, asset_allocations');
  await database.query('truncate notifications');
  rmSync(join(stateFolder, 'reports'), { recursive: true, force: true });
}
