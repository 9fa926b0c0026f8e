import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { startLiveEmulator } from '../live/service.ts';
import type { LiveEmulator } from '../live/service.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';

const day = '2026-11-20';
const key = `daily/live/${day}`;
const charts = 2_000;
const mostMegabytes = 300;
const mostEvents = 2_000;

describe(`a live day of ${charts} charts`, () => {
  let emulator: LiveEmulator;
  let rig: Rig;
  before(async () => {
    emulator = await startLiveEmulator({ day, pools: charts, latencyMs: 20 });
    rig = await startSharedRig(
      { ...emulator.environment, SEVENFOLD_REQUESTS_PER_MINUTE: '99999' },
      { asInStack: true },
    );
  });
  after(async () => {
    await rig?.takeDown();
    await emulator?.stop();
  });

  test('each is asked for once, by a small process and a short history', async (t) => {
    const { end } = rig.run(day, '--dataset', 'live');
    const taken = await until(
      'the sources are settled',
      async () => {
        const { rows } = await rig.database.query<{ stored: number; seconds: number }>(
          `select d.keys_stored as stored,
                  (select extract(epoch from max(fetched_at) - min(fetched_at))::float8 from raw_responses) as seconds
             from source_days d where d.source = 'llama-charts'`,
        );
        return rows[0];
      },
      600_000,
    );
    t.diagnostic(`${taken.stored} charts in ${taken.seconds.toFixed(1)} s`);
    assert.ok(taken.stored >= charts);
    const asked = emulator.requests().filter(({ url }) => url.startsWith('/chart/'));
    const ofPools = asked.filter(({ provider }) => provider === 'yields.llama.fi').map(({ url }) => url);
    assert.equal(new Set(ofPools).size, ofPools.length);

    const megabytes = peakOfWorker();
    t.diagnostic(`the worker held ${megabytes} MB at most`);
    if (megabytes !== undefined) assert.ok(megabytes < mostMegabytes, `${megabytes} MB`);
    const events = await eventsOf(rig);
    t.diagnostic(`${events} events in the history so far`);
    assert.ok(events < mostEvents / 2, `${events} events when the charts are there`);
    await rig.command('cancel', key);
    await end;
  });
});

/** Peak memory of the worker, a child of this process; undefined where the system does not say. */
function peakOfWorker(): number | undefined {
  if (!existsSync('/proc/self/status')) return undefined;
  const peaks = readdirSync('/proc').flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const isOurs = new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status);
      const isWorker = /worker/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      return isOurs && isWorker && peak !== undefined ? [Math.round(Number(peak) / 1024)] : [];
    } catch {
      return [];
    }
  });
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}

async function eventsOf({ env }: Rig): Promise<number> {
  const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS']! });
  try {
    const client = new Client({ connection, namespace: env['TEMPORAL_NAMESPACE']! });
    return (await client.workflow.getHandle(key).describe()).historyLength;
  } finally {
    await connection.close();
  }
}
