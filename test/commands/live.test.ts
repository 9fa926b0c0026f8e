import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { liveDay, startLiveRig } from '../support/live-rig.ts';
import type { LiveRig } from '../support/live-rig.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import type { LiveEmulator } from '../live/service.ts';

const day = liveDay;

describe('a live day', () => {
  let started: LiveRig<Rig>;
  let emulator: LiveEmulator;
  let rig: Rig;
  before(async () => {
    started = await startLiveRig(startSharedRig);
    ({ emulator, rig } = started);
  });
  after(() => started?.stop());

  const live = (date: string, ...more: string[]) => rig.run(date, '--dataset', 'live', ...more).end;

  test('is fetched, and completes all phases; every source says how it ended', async () => {
    const { exitCode, result, stderr } = await live(day);
    assert.deepEqual([exitCode, result.status], [0, 'complete'], `${stderr} ${JSON.stringify(result)}`);
    const { rows } = await rig.database.query<{ state: string; sources: number }>(
      'select state, count(*)::int as sources from source_days where day = $1 group by state',
      [day],
    );
    assert.deepEqual(rows, [{ state: 'fresh', sources: 10 }]);
    assert.ok(result.counts!['poolsPassed']! > 20, JSON.stringify(result.counts));
  });

  test('the same day again reads nothing from the network', async () => {
    const asked = emulator.count();
    const again = await live(day);
    assert.deepEqual([again.exitCode, again.result.alreadyComplete], [0, true]);
    const forced = await live(day, '--force');
    assert.deepEqual([forced.exitCode, forced.result.status], [0, 'complete']);
    assert.equal(emulator.count(), asked);
  });

  test('a past day of which nothing was stored is refused in one line, and nothing is written', async () => {
    const asked = emulator.count();
    const { exitCode, stderr, result } = await live('2026-11-18');
    const said = `${stderr}${result.error?.message}`;
    assert.match(said, /Live data of 2026-11-18 were not fetched on that day/);
    assert.notEqual(exitCode, 0);
    assert.equal(emulator.count(), asked);
    const { rows } = await rig.database.query(`select 1 from runs where key = 'daily/live/2026-11-18'`);
    assert.equal(rows.length, 0);
  });
});
