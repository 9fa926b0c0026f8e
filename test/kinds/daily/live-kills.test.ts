import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { titleOf } from '../../chaos/cases.ts';
import { arm, forgetEverything, identityOf, kill } from '../../chaos/harness.ts';
import type { LiveEmulator } from '../../live/service.ts';
import { liveDay, startLiveRig } from '../../support/live-rig.ts';
import type { LiveRig } from '../../support/live-rig.ts';
import { startRig } from '../../support/rig.ts';
import type { StackRig } from '../../support/rig.ts';
import { killsOf } from '../../tiers.ts';

const day = liveDay;
const key = `daily/live/${day}`;

/** Sources that are asked without a key, less the one that is asked only where another has failed. */
const sourcesDue = 10;

describe('a worker is killed while it fetches: the next one asks for what is missing alone, and every source is fresh', () => {
  let started: LiveRig<StackRig>;
  let emulator: LiveEmulator;
  let rig: StackRig;
  before(async () => {
    started = await startLiveRig(startRig);
    ({ emulator, rig } = started);
  });
  after(() => started?.stop());

  const storedUrls = async (): Promise<Set<string>> => {
    const { rows } = await rig.database.query<{ url: string }>(
      `select url from raw_responses where accepted and source <> 'gas-blocks'`,
    );
    return new Set(
      rows.map(({ url }) => {
        const { pathname, search } = new URL(url);
        return decodeURIComponent(pathname + search);
      }),
    );
  };
  const settled = async (): Promise<void> => {
    for (const giveUpAt = Date.now() + 180_000; Date.now() < giveUpAt; await sleep(50)) {
      const { rowCount } = await rig.database.query(`select 1 from source_days where state = 'fresh'`);
      if (rowCount === sourcesDue) return;
    }
    throw new Error('the sources were not settled within 180 s');
  };

  for (const each of killsOf('fetching')) {
    const { point } = each;
    test(titleOf(each), async () => {
      const { hit, letGo } = await arm(rig, point);
      const { end } = rig.run(day, '--dataset', 'live');
      await hit;
      kill(identityOf(rig, 'worker'));
      const stored = await storedUrls();
      const asked = emulator.count();
      letGo();
      await settled();
      const again = emulator
        .requests()
        .slice(asked)
        .filter(({ url }) => stored.has(url));
      assert.deepEqual(again, []);
      const { rows } = await rig.database.query(
        'select source, key from raw_responses where accepted group by 1, 2 having count(*) > 1',
      );
      assert.deepEqual(rows, []);
      if (point === 'fetch-stored') assert.ok(stored.size > 0);
      if (point === 'fetch-before-settle') assert.equal(emulator.count(), asked);

      await rig.begin('cancel', key).end;
      await end;
      await forgetEverything(rig);
      await rig.database.query('truncate raw_responses, source_days');
      emulator.forget();
    });
  }
});
