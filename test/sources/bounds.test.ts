import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays } from '../../src/planning/days.ts';
import { firstBlockOf } from '../../src/sources/bounds.ts';
import { unixOf } from '../../src/sources/source.ts';
import { makeWorld } from '../live/world.ts';
import { day, sourceRig } from './rig.ts';

/** Chains by how many of their slots are empty, in bursts too, so that no reckoning by 12 seconds is right at once. */
const chains: [string, (height: number) => number][] = [
  ['every slot has a block', (height) => height * 12],
  ['one slot in 150 is empty', (height) => (height + Math.floor(height / 150)) * 12],
  ['half of the slots of every other hour', (height) => (height + 150 * Math.floor(height / 450)) * 12],
  ['blocks are four times as fast', (height) => height * 3],
];
for (const [what, secondsAt] of chains) {
  test(`the first block of a day is found by headers: ${what}`, async (t) => {
    const rig = await sourceRig(t, { tries: 1 });
    const world = makeWorld({ day, pools: 4, days: 5 });
    const head = 26_440_000;
    const now = unixOf(day) + 1_200;
    const timeOf = (height: number): number => now - (secondsAt(head) - secondsAt(height));
    rig.emulator.serve({
      ...world,
      chain: { ...world.chain, head },
      header: (height) => ({
        number: `0x${height.toString(16)}`,
        timestamp: `0x${timeOf(height).toString(16)}`,
      }),
    });
    rig.emulator.fault({ provider: 'coins.llama.fi', kind: 'status 404' });
    await rig.fetch('llama-blocks');
    assert.equal((await rig.fetch('gas-bounds')).missing, 0);
    for (const midnight of [addDays(day, -1), day]) {
      const found = await firstBlockOf(rig.inHand(), midnight);
      assert.ok(timeOf(found) >= unixOf(midnight) && timeOf(found - 1) < unixOf(midnight), String(found));
    }
    assert.ok(rig.emulator.count('node-1') <= 20, String(rig.emulator.count('node-1')));
    const asked = rig.emulator.count();
    assert.deepEqual(await rig.fetch('gas-bounds').then(({ stored }) => stored), 0);
    assert.equal(rig.emulator.count(), asked);
  });
}

test('a node whose newest block is of another day finds no first block, and says so', async (t) => {
  const rig = await sourceRig(t, { tries: 1 });
  rig.emulator.serve(makeWorld({ day: addDays(day, -2), pools: 4, days: 5 }));
  rig.emulator.fault({ provider: 'coins.llama.fi', kind: 'status 404' });
  const ends = await rig.fetchDay();
  assert.match(ends['gas-bounds']!.message!, /the newest block of the node is of before 2026-11-19/);
  assert.equal(ends['gas-blocks']!.state, 'failed');
});
