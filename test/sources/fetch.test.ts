import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { providerNames } from '../live/service.ts';
import type { FaultKind, Provider } from '../live/service.ts';
import { day, sourceRig } from './rig.ts';
import type { SourceRig } from './rig.ts';

const states = (ends: Record<string, { state: string }>): Record<string, string> =>
  Object.fromEntries(Object.entries(ends).map(([name, { state }]) => [name, state]));

const allFresh = {
  ...{ 'llama-pools': 'fresh', 'llama-charts': 'fresh', 'llama-addresses': 'fresh', 'llama-coins': 'fresh' },
  ...{ 'llama-blocks': 'fresh', 'gas-blocks': 'fresh', coinbase: 'fresh', nyfed: 'fresh' },
  ...{ treasury: 'fresh', pendle: 'fresh' },
};

test('a day is fetched from every source without a key, and a second time nothing is asked', async (t) => {
  const rig = await sourceRig(t);
  assert.deepEqual(states(await rig.fetchDay()), allFresh);
  const asked = rig.emulator.count();
  assert.deepEqual(states(await rig.fetchDay()), allFresh);
  assert.equal(rig.emulator.count(), asked);
  const { rows } = await rig.database.query<{ body: Buffer; sha256: string; bytes: string; url: string }>(
    `select body, sha256, bytes, url from raw_responses where source = 'llama-pools' and accepted`,
  );
  const body = gunzipSync(rows[0]!.body);
  assert.equal(body.length, Number(rows[0]!.bytes));
  assert.equal((JSON.parse(body.toString()) as { status: string }).status, 'success');
  assert.ok(rig.emulator.requests().every(({ userAgent }) => userAgent === 'sevenfold/0.1'));
});

/** Every provider that a day without keys asks, and what becomes of the sources where it fails for good. */
const outcomes: [Provider, Record<string, string>][] = [
  ['yields.llama.fi', { 'llama-pools': 'failed', 'llama-charts': 'failed', 'llama-addresses': 'failed' }],
  ['coins.llama.fi', { 'llama-coins': 'failed', 'llama-blocks': 'failed', 'gas-bounds': 'fresh' }],
  ['api.exchange.coinbase.com', { coinbase: 'failed', kraken: 'fresh' }],
  ['node-1', {}],
  ['markets.newyorkfed.org', { nyfed: 'failed' }],
  ['home.treasury.gov', { treasury: 'failed' }],
  ['api-v2.pendle.finance', { pendle: 'failed' }],
];
const faults: [FaultKind, RegExp][] = [
  ['down', /the connection was cut/],
  ['cut', /cut|not whole/],
  ['short', /not whole JSON|no day below the header|no column Date/],
  ['html', /a page instead of (JSON|CSV): HTTP 200 text\/html "<!DOCTYPE html>/],
  ['empty', /HTTP 200 with an empty body/],
  ['stall', /no (whole )?answer within/],
  ['status 503', /HTTP 503 text\/html/],
  ['status 451', /HTTP 451/],
  ['status 403', /HTTP 403 .*the key or this address is refused/],
  ['status 404', /HTTP 404/],
];
for (const [provider, changed] of outcomes) {
  describe(`${provider} fails for good`, () => {
    const ends: (() => unknown)[] = [];
    let rig: SourceRig;
    before(async () => {
      const limits = { firstByteMs: 200, bodyMs: 200 };
      rig = await sourceRig({ after: (end) => void ends.push(end) }, { limits, tries: 4 });
    });
    after(async () => {
      for (const end of ends) await end();
    });
    const hanging = [...Object.keys(changed), ...(provider === 'node-1' ? ['gas-blocks'] : [])];

    for (const [kind, words] of faults) {
      // Half of a CSV is a CSV: the parser finds fewer days, and nothing else is wrong with it.
      if (provider === 'home.treasury.gov' && kind === 'short') continue;
      test(`${kind}: what hangs on it is ${Object.values(changed)[0] ?? 'asked elsewhere'}, the rest is there`, async () => {
        // What others answered for the fault before stays, so that only this provider is asked.
        await rig.database.query('delete from raw_responses where source = any ($1) or not accepted', [
          hanging,
        ]);
        rig.emulator.mend();
        rig.emulator.fault({ provider, kind });
        const ends = await rig.fetchDay();
        assert.deepEqual(states(ends), { ...allFresh, ...changed });
        for (const [source, state] of Object.entries(changed)) {
          const { message } = ends[source]!;
          if (state === 'fresh' || /not asked/.test(message!)) continue;
          assert.match(message!, words);
          assert.match(message!, /\(\d+ tries since [\d:]+ UTC\)|\(1 try since/);
          assert.match(message!, /last good: never$/);
        }
        const { rows } = await rig.database.query<{ longest: number }>(
          `select max(octet_length(body)) as longest from raw_responses where not accepted`,
        );
        assert.ok((rows[0]!.longest ?? 0) < 5_000);
      });
    }
  });
}

test('a fault that passes is tried again, and what was answered meanwhile is on record', async (t) => {
  const rig = await sourceRig(t);
  rig.emulator.fault({ provider: 'yields.llama.fi', path: '/pools', kind: 'status 502', times: 2 });
  assert.deepEqual(await rig.fetch('llama-pools').then(({ stored, missing }) => [stored, missing]), [1, 0]);
  const { rows } = await rig.database.query(
    `select attempt, status, accepted from raw_responses where source = 'llama-pools' order by attempt`,
  );
  assert.deepEqual(rows, [
    { attempt: 1, status: 502, accepted: false },
    { attempt: 2, status: 502, accepted: false },
    { attempt: 3, status: 200, accepted: true },
  ]);
});

test('a provider that allows less than the usual pace is asked at its own', async (t) => {
  const variables = { FRED_API_KEY: 'fred-secret', SEVENFOLD_FRED: 'on' };
  const rig = await sourceRig(t, { variables, tries: 1, limits: { paces: true } });
  await rig.fetch('fred');
  const at = rig.emulator.requests().map((each) => each.at);
  assert.equal(at.length, 11);
  // Ten gaps of half a second, less what the clock and the way differ.
  assert.ok(at.at(-1)! - at[0]! >= 4_900, String(at.at(-1)! - at[0]!));
});

test('a refusal that stays is asked once', async (t) => {
  const rig = await sourceRig(t);
  rig.emulator.fault({ provider: 'yields.llama.fi', path: '/pools', kind: 'status 404' });
  await rig.fetch('llama-pools');
  assert.equal(rig.emulator.count('yields.llama.fi'), 1);
});

test('a storm of 429 pauses the whole host as long as it asks, and no other', async (t) => {
  const rig = await sourceRig(t, { pools: 12 });
  await rig.fetch('llama-pools');
  rig.emulator.forget();
  rig.emulator.fault({ provider: 'yields.llama.fi', kind: 'status 429', times: 1, retryAfter: '1' });
  const [charts] = await Promise.all([rig.fetch('llama-charts'), rig.fetch('coinbase'), rig.fetch('nyfed')]);
  assert.equal(charts.missing, 0);
  const at = (provider: Provider): number[] =>
    rig.emulator
      .requests()
      .filter((each) => each.provider === provider)
      .map((each) => each.at);
  const llama = at('yields.llama.fi').sort((a, b) => a - b);
  // Eight were on their way when the first was refused; nobody asked again before the second was over.
  const pause = Math.max(...llama.slice(1).map((each, i) => each - llama[i]!));
  assert.ok(pause >= 900, `longest pause ${pause} ms`);
  for (const each of [...at('api.exchange.coinbase.com'), ...at('markets.newyorkfed.org')]) {
    assert.ok(each - llama[0]! < 800, `another host waited ${each - llama[0]!} ms`);
  }
});

test('what is older stands in for what failed, for three days', async (t) => {
  const rig = await sourceRig(t);
  await rig.fetchDay('2026-11-20');
  rig.emulator.fault({ provider: 'markets.newyorkfed.org', kind: 'status 500' });
  const third = (await rig.fetchDay('2026-11-23'))['nyfed']!;
  assert.deepEqual([third.state, third.lastGood], ['aged', '2026-11-20']);
  assert.match(
    third.message!,
    /^aged 3 days \(allowed 3\): 2 of 2 missing: HTTP 500 .*last good: 2026-11-20$/,
  );
  assert.equal((await rig.fetchDay('2026-11-24'))['nyfed']!.state, 'failed');
});

test('a list of pools that shrank to less than a half is not believed', async (t) => {
  const rig = await sourceRig(t, { pools: 30 });
  await rig.fetch('llama-pools', '2026-11-19');
  const { makeWorld } = await import('../live/world.ts');
  rig.emulator.serve(makeWorld({ day, pools: 5, days: 5 }));
  await rig.fetch('llama-pools');
  const end = (await rig.fetchDay())['llama-pools']!;
  assert.equal(end.state, 'failed');
  assert.match(end.message!, /only 10 pools, at least 18 were expected/);
});

test('a pool that the source has no history of is its own affair', async (t) => {
  const rig = await sourceRig(t, { pools: 40 });
  await rig.fetch('llama-pools');
  const [first] = await rig.database
    .query<{ body: Buffer }>(`select body from raw_responses where source = 'llama-pools' and accepted`)
    .then(
      ({ rows }) => (JSON.parse(gunzipSync(rows[0]!.body).toString()) as { data: { pool: string }[] }).data,
    );
  rig.emulator.fault({ provider: 'yields.llama.fi', path: `/chart/${first!.pool}`, kind: 'status 404' });
  const end = (await rig.fetchDay())['llama-charts']!;
  assert.deepEqual([end.state, end.keysDue - end.keysStored], ['fresh', 1]);
  assert.match(end.message!, /^1 of \d+ missing: HTTP 404/);
});

test('nobody is reached: every source says so within a minute', async (t) => {
  const rig = await sourceRig(t);
  await rig.emulator.stop();
  const began = performance.now();
  const ends = await rig.fetchDay();
  assert.ok(performance.now() - began < 60_000);
  assert.ok(Object.values(ends).every(({ state }) => state === 'failed'));
  assert.match(ends['llama-pools']!.message!, /the connection was refused \(ECONNREFUSED\) \(4 tries/);
});

test('all sources down: each says so in one line, and the next try brings everything', async (t) => {
  const rig = await sourceRig(t, { tries: 2 });
  rig.emulator.fault(...providerNames.map((provider) => ({ provider, kind: 'status 503' as const })));
  const ends = Object.values(await rig.fetchDay());
  assert.ok(ends.length >= 11);
  for (const { source, state, message } of ends) {
    assert.equal(state, 'failed', source);
    assert.match(message!, /HTTP 503|not asked: /, source);
    assert.doesNotMatch(message!, /\n/);
  }
  rig.emulator.mend();
  assert.deepEqual(states(await rig.fetchDay()), allFresh);
});

test('keys go with the request and are nowhere else', async (t) => {
  const variables = {
    COINMARKETCAP_API_KEY: 'cmc-secret',
    FRED_API_KEY: 'fred-secret',
    SEVENFOLD_FRED: 'on',
  };
  const rig = await sourceRig(t, { variables });
  const ends = await rig.fetchDay();
  assert.deepEqual([ends['coinmarketcap']?.state, ends['fred']?.state], ['failed', 'failed']);
  assert.ok(rig.emulator.requests().some(({ url }) => url.includes('api_key=fred-secret')));
  const { rows } = await rig.database.query<{ row: string }>(
    'select raw_responses::text as row from raw_responses',
  );
  assert.doesNotMatch(JSON.stringify([rows, ends]), /secret/);
});
