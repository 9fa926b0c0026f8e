/** Answers as no provider should send them, over a real connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { SourceClient, usualLimits } from '../../src/sources/client.ts';
import { sourceNamed, sources } from '../../src/sources/index.ts';
import { readSourceSettings } from '../../src/sources/settings.ts';
import { unixOf } from '../../src/sources/source.ts';
import { makeWorld } from '../live/world.ts';
import { day, listen, sourceRig } from './rig.ts';

const json = Buffer.from('{"data":[]}');
const packed = gzipSync(json);
const bomb = gzipSync(Buffer.alloc(3 * 2 ** 20));

for (const [what, coding, bytes, expected] of [
  ['packed as asked', 'gzip', packed, '{"data":[]}'],
  ['packed by the older name', 'x-gzip', packed, '{"data":[]}'],
  ['said to be what it is', 'identity', json, '{"data":[]}'],
  ['nothing, said to be packed', 'gzip', Buffer.alloc(0), ''],
  [
    'with a byte order mark',
    undefined,
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), json]),
    '{"data":[]}',
  ],
  ['packed and cut', 'gzip', packed.subarray(0, 15), /the packed answer was cut/],
  ['not packed at all', 'gzip', json, /not the gzip that it says it is/],
  ['packed as nobody asked', 'br', brotliCompressSync(json), /it is packed as "br", not as gzip/],
  ['packed, and too large', 'gzip', bomb, /larger than 2 MB/],
] as const) {
  test(`an answer ${what}`, async (t) => {
    const url = await listen(t, (_, response) => {
      if (coding !== undefined) response.setHeader('content-encoding', coding);
      response.end(bytes);
    });
    const client = new SourceClient(readSourceSettings({}), { ...usualLimits, bodyBytes: 2 * 2 ** 20 });
    t.after(() => client.close());
    const asked = client.ask({ url, method: 'GET' });
    if (typeof expected !== 'string') await assert.rejects(asked, expected);
    else assert.equal((await asked).body.toString(), expected);
  });
}

test('a refusal counts even where its own words cannot be unpacked', async (t) => {
  const url = await listen(t, (_, response) => {
    response.writeHead(429, { 'content-encoding': 'gzip', 'retry-after': '7' }).end('not gzip');
  });
  const client = new SourceClient(readSourceSettings({}));
  t.after(() => client.close());
  const { status, retryAfter, body } = await client.ask({ url, method: 'GET' });
  assert.deepEqual([status, retryAfter, body.length], [429, '7', 0]);
});

test('a redirect is not followed; where it sends to is said without a key', async (t) => {
  let asked = 0;
  const url = await listen(t, (_, response) => {
    asked += 1;
    response.writeHead(302, { location: '/login?next=pools&token=secret' }).end();
  });
  const client = new SourceClient(readSourceSettings({}));
  t.after(() => client.close());
  const { status, movedTo } = await client.ask({ url, method: 'GET' });
  assert.deepEqual([status, movedTo, asked], [302, `${url.origin}/login?next=pools`, 1]);
});

test('the time zone of this machine changes nothing that is asked for', async (t) => {
  const rig = await sourceRig(t);
  await rig.fetchDay();
  const { TZ } = process.env;
  t.after(() => (TZ === undefined ? delete process.env['TZ'] : (process.env['TZ'] = TZ)));
  const asked = async (zone: string): Promise<unknown> => {
    process.env['TZ'] = zone;
    const wanted = await Promise.all(sources.map((source) => source.wanted(rig.inHand())));
    return wanted.flat().map(({ key, calls }) => [key, ...calls.map(({ url, body }) => [url.href, body])]);
  };
  const [utc, east, west] = [
    await asked('UTC'),
    await asked('Pacific/Kiritimati'),
    await asked('Etc/GMT+12'),
  ];
  assert.notEqual(new Date(2026, 0).getTimezoneOffset(), 0);
  assert.deepEqual([east, west], [utc, utc]);
});

test('a node that wants an hour is not waited for where another one answers', async (t) => {
  const rig = await sourceRig(t);
  await rig.fetch('llama-blocks');
  rig.emulator.fault({ provider: 'node-1', kind: 'status 429', retryAfter: '3600' });
  const { missing, stored } = await rig.fetch('gas-blocks');
  assert.deepEqual([missing, stored], [0, 8]);
  // Those that were on their way when it said so, and nobody after.
  assert.ok(rig.emulator.count('node-1') <= 8);
});

test('a pause of 0 is no leave to ask again at once', async (t) => {
  const rig = await sourceRig(t, { tries: 4, waitMs: 50 });
  rig.emulator.fault({ provider: 'home.treasury.gov', kind: 'status 429', retryAfter: '0' });
  await rig.fetch('treasury');
  const at = rig.emulator.requests().map((each) => each.at);
  assert.equal(at.length, 4);
  // 50, 100 and 200 ms at least.
  assert.ok(at[3]! - at[0]! >= 340, String(at[3]! - at[0]!));
});

test('a row of the list that is damaged, repeated or has no id to ask for costs that row alone', async (t) => {
  const rig = await sourceRig(t);
  const world = makeWorld({ day, pools: 100, days: 5 });
  const [first] = world.pools;
  const odd = ['a\u0000b', '\ud800', '..', '', ' ', 'x'.repeat(101)].map((pool) => ({ ...first, pool }));
  rig.emulator.serve({ ...world, pools: [...world.pools, null as never, { ...first }, ...odd] });
  await rig.fetch('llama-pools');
  const wanted = await sourceNamed('llama-charts').wanted(rig.inHand());
  const keys = wanted.map(({ key }) => key);
  assert.ok(keys.length >= 100);
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual(
    keys.filter((key) => !world.pools.some(({ pool }) => pool === key)),
    [],
  );
});

test('blocks that are not those of a day are not asked for one by one', async (t) => {
  const rig = await sourceRig(t, { tries: 1 });
  const world = makeWorld({ day, pools: 4, days: 5 });
  rig.emulator.serve({ ...world, block: () => ({ height: 26_432_800, timestamp: 0 }) });
  const ends = await rig.fetchDay();
  assert.match(ends['llama-blocks']!.message!, /a block of another time: HTTP 200/);
  assert.deepEqual([ends['gas-bounds']!.state, ends['gas-blocks']!.state], ['fresh', 'fresh']);
  const first = world.block(unixOf(day)).height;
  const heights = [0, first];
  rig.emulator.serve({ ...world, block: (at) => ({ height: heights.shift() ?? 1, timestamp: at }) });
  await rig.fetch('llama-blocks');
  await rig.fetch('llama-blocks');
  rig.emulator.forget();
  assert.match((await rig.fetchDay())['gas-blocks']!.message!, /blocks \d+ to \d+ are not those of a day/);
  assert.equal(rig.emulator.count('node-1') + rig.emulator.count('node-2'), 0);
});

test('a CSV that was cut in a row is not stored as the day’s', async (t) => {
  const rig = await sourceRig(t, { tries: 1 });
  const world = makeWorld({ day, pools: 4, days: 5 });
  rig.emulator.serve({
    ...world,
    yields: (year) =>
      world
        .yields(year)
        .trimEnd()
        .replace(/,[^,]*$/, ''),
  });
  assert.match((await rig.fetchDay())['treasury']!.message!, /a row of another length than the header/);
  rig.emulator.serve(world);
  assert.equal((await rig.fetchDay())['treasury']!.state, 'fresh');
});

test('a list in which more than one row in a hundred is damaged is another shape', async (t) => {
  const rig = await sourceRig(t, { tries: 1 });
  const world = makeWorld({ day, pools: 100, days: 5 });
  rig.emulator.serve({ ...world, pools: [...world.pools, null as never, { pool: 7 }] });
  await rig.fetch('llama-pools');
  const end = (await rig.fetchDay())['llama-pools']!;
  assert.match(end.message!, /2 of 107 pools without pool, tvlUsd or apy/);
});

test('an address that is none leaves the other addresses alone', async (t) => {
  const rig = await sourceRig(t, { chain: true });
  const world = makeWorld({ day, pools: 4, days: 5 });
  const [one, two] = world.pools as { pool: string }[];
  const addresses = () => ({ ...world.addresses(), [one!.pool]: null, [two!.pool]: 7 }) as never;
  rig.emulator.serve({ ...world, addresses });
  const ends = await rig.fetchDay();
  assert.deepEqual([ends['llama-addresses']!.state, ends['chain-calls']!.state], ['fresh', 'fresh']);
});
