/**
 * Failures that others reported of these providers and of programs that ask them, and what is done about each here. Those of
 * parsing are in spark/tests/pool_ingest; those of statuses and bodies in answers.test.ts and fetch.test.ts.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';
import { judgeAnswer } from '../../src/sources/answers.ts';
import { SourceClient } from '../../src/sources/client.ts';
import { examineSources } from '../../src/sources/examine.ts';
import { sourceNamed } from '../../src/sources/index.ts';
import { readSourceSettings } from '../../src/sources/settings.ts';
import { howItEnded } from '../../src/sources/settle.ts';
import type { SourceName } from '../../src/sources/source.ts';
import { startLiveEmulator } from '../live/service.ts';
import { day, listen, sourceRig } from './rig.ts';

test('a provider that counts by the second is asked evenly, not in bursts', async (t) => {
  const base = await listen(t, (_, response) => response.end('{}'));
  const client = new SourceClient(readSourceSettings({ SEVENFOLD_REQUESTS_PER_MINUTE: '1200' }));
  t.after(() => client.close());
  const began = performance.now();
  const ends = await Promise.all(
    Array.from({ length: 10 }, async () => {
      await client.ask({ url: base, method: 'GET' });
      return performance.now() - began;
    }),
  );
  // The tenth begins nine intervals of 50 ms after the first.
  assert.ok(Math.max(...ends) >= 440, ends.join(' '));
});

test('a key that is not registered "in passing" is asked for again, and then named, never printed', async (t) => {
  const rig = await sourceRig(t, {
    variables: { SEVENFOLD_FRED: 'on', FRED_API_KEY: 'fred-secret', COINMARKETCAP_API_KEY: 'cmc-secret' },
  });
  const body =
    '{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered. fred-secret"}';
  rig.emulator.fault(
    { provider: 'api.stlouisfed.org', kind: 'status 400', body },
    { provider: 'pro-api.coinmarketcap.com', kind: 'status 401', body: '{"status":{"error_code":1001}}' },
  );
  await rig.fetch('fred');
  await rig.fetch('coinmarketcap');
  const ends = await rig.fetchDay();
  assert.match(ends['fred']!.message!, /HTTP 400 .*the key FRED_API_KEY is refused/);
  assert.match(ends['coinmarketcap']!.message!, /the key COINMARKETCAP_API_KEY or this address is refused/);
  const { rows } = await rig.database.query<{ row: string; body: Buffer | null }>(
    'select (r.*)::text as row, body from raw_responses r',
  );
  assert.doesNotMatch(JSON.stringify([ends, rows.map(({ row }) => row)]), /secret/);
  const bodies = rows.map(({ body: packed }) => unpacked(packed));
  assert.doesNotMatch(bodies.join('\n'), /secret/);
});

function unpacked(packed: Buffer | null): string {
  return packed === null ? '' : gunzipSync(packed).toString('utf8');
}

/** What a day wants of a source, judged against a body that it sent with status 200. */
async function problemWith(
  t: TestContext,
  source: SourceName,
  body: unknown,
  variables: Record<string, string> = {},
): Promise<{ then?: string; problem?: string }> {
  const rig = await sourceRig(t, { variables });
  if (source === 'gas-blocks') await rig.fetch('llama-blocks');
  const [wanted] = await sourceNamed(source).wanted(rig.inHand());
  const answer = {
    ...{ status: 200, contentType: 'application/json', retryAfter: null, date: null },
    body: Buffer.from(JSON.stringify(body)),
  };
  return judgeAnswer(answer, wanted!.expected, Date.now()) ?? {};
}

const header = { number: '0x1', timestamp: '0x6afe3c00', baseFeePerGas: '0x127a3980' };
for (const [what, source, body, then, words] of [
  ['prices that are empty', 'llama-coins', { coins: {} }, 'again', /no coin with a price/],
  [
    'coins without a point',
    'llama-coins',
    { coins: { 'ethereum:0xa0b8': { symbol: 'USDC', prices: [] } } },
    'again',
    /no coin with a price/,
  ],
  ['an error of CoinMarketCap', 'coinmarketcap', { status: { error_code: 1009 } }, 'pause', /error 1009/],
  ['a list of pools that is empty', 'llama-pools', { status: 'success', data: [] }, 'again', /only 0 pools/],
  ['another shape of the list', 'llama-pools', { pools: [] }, 'again', /no list of pools/],
  [
    'a node that gives fewer blocks than asked for',
    'gas-blocks',
    [{ id: 0, result: header }],
    'again',
    /1 of 18 headers/,
  ],
  [
    'a node at its limit',
    'gas-blocks',
    { id: 1, error: { code: -32005, message: 'limit exceeded' } },
    'pause',
    /error -32005 in a 200/,
  ],
  ['an object in place of candles', 'coinbase', { message: 'NotFound' }, 'again', /candles/],
] as const) {
  test(`${what}, with status 200, is no success`, async (t) => {
    const key = { COINMARKETCAP_API_KEY: 'cmc-secret' };
    const trouble = await problemWith(t, source, body, source === 'coinmarketcap' ? key : {});
    assert.equal(trouble.then, then);
    assert.match(trouble.problem!, words);
  });
}

test('Kraken’s errors in a 200 are errors', async (t) => {
  const rig = await sourceRig(t);
  rig.emulator.fault(
    { provider: 'api.exchange.coinbase.com', kind: 'status 451' },
    { provider: 'api.kraken.com', kind: 'status 200', body: '{"error":["EQuery:Unknown asset pair"]}' },
  );
  const ends = await rig.fetchDay();
  // 451 is final for this host: each candle is asked for once, and another exchange is asked.
  assert.equal(rig.emulator.count('api.exchange.coinbase.com'), 2);
  assert.match(ends['coinbase']!.message!, /HTTP 451/);
  assert.match(ends['kraken']!.message!, /EQuery:Unknown asset pair/);
});

test('so many coins are asked for at once that no server finds the address too long', async (t) => {
  const rig = await sourceRig(t);
  const longest = Math.max(
    ...(await sourceNamed('llama-coins').wanted(rig.inHand())).map(({ calls }) => calls[0]!.url.href.length),
  );
  assert.ok(longest < 2_000, String(longest));
});

test('a proxy is used where one is set, and never for this machine', async (t) => {
  const own = await listen(t, (_, response) => response.end('direct'));
  const proxy = createServer();
  const asked: string[] = [];
  proxy.on('connect', (request, socket) => {
    asked.push(request.url!);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  t.after(() => proxy.close());
  const client = new SourceClient(readSourceSettings({ HTTP_PROXY: `http://127.0.0.1:${port}` }));
  t.after(() => client.close());
  const direct = await client.ask({ url: own, method: 'GET' });
  assert.deepEqual([direct.body.toString(), asked], ['direct', []]);
  const far = { url: new URL('http://provider.invalid/pools'), method: 'GET' as const };
  await assert.rejects(client.ask(far), /407/);
  assert.deepEqual(asked, ['provider.invalid:80']);
});

test('a proxy that hangs up ends the request, and is not asked again and again', async (t) => {
  let connections = 0;
  const proxy = await listen(t, (_, response) => response.end());
  const counting = createServer();
  counting.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => counting.listen(0, '127.0.0.1', resolve));
  t.after(() => counting.close());
  const { port } = counting.address() as AddressInfo;
  const client = new SourceClient(readSourceSettings({ HTTP_PROXY: `http://127.0.0.1:${port}` }));
  t.after(() => client.close());
  const far = { url: new URL('http://provider.invalid/pools'), method: 'GET' as const };
  await assert.rejects(client.ask(far), /the proxy hung up/);
  assert.equal(connections, 1);
  assert.equal((await client.ask({ url: proxy, method: 'GET' })).status, 200);
});

test('doctor asks each source once, says which clock is off, and prints no key', async (t) => {
  const emulator = await startLiveEmulator({ day, pools: 4, days: 5 });
  t.after(() => emulator.stop());
  const ahead = await listen(t, (_, response) => {
    response.setHeader('date', new Date(Date.now() - 5 * 60_000).toUTCString());
    response.setHeader('content-type', 'application/json');
    response.end('{"refRates":[{"effectiveDate":"2026-11-19","type":"SOFR","percentRate":3.7}]}');
  });
  const noDay = '[[1e300,1,1,1,1,1]]';
  emulator.fault(
    { provider: 'api.kraken.com', kind: 'status 503' },
    { provider: 'api.exchange.coinbase.com', kind: 'status 200', body: noDay },
  );
  const settings = readSourceSettings({
    ...emulator.environment,
    ...{
      SEVENFOLD_NYFED_URL: ahead.href,
      COINMARKETCAP_API_KEY: 'cmc-secret',
      ETHERSCAN_API_KEY: 'es-secret',
    },
  });
  const findings = await examineSources(settings, loadPoolSettings(readConfig({}).checkout), day);
  const of = (name: string) => findings.find((each) => each.name === name)!;
  assert.equal(of('llama-pools').verdict, 'ok');
  assert.match(of('nyfed').detail, /this machine's clock is 30\d s ahead of it: set the clock/);
  assert.match(of('coinbase').detail, /no usable figures: HTTP 200 .*1e300/);
  assert.match(of('coinmarketcap').detail, /HTTP 404/);
  assert.match(of('etherscan').detail, /the key is accepted/);
  assert.doesNotMatch(JSON.stringify(findings), /secret/);
  assert.ok(emulator.requests().length <= findings.length);
});

test('a day that is fetched with a wrong clock says so', async (t) => {
  const rig = await sourceRig(t);
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() + 3_600_000);
  const { clock } = await rig.fetch('llama-pools');
  assert.match(clock!, /^this machine's clock is 3[56]\d\d s ahead of it: set the clock$/);
  t.mock.reset();
  assert.equal((await rig.fetch('nyfed')).clock, undefined);
  const troubles = [{ source: 'llama-pools', message: clock! }];
  const end = await howItEnded(rig.database, sourceNamed('llama-pools'), rig.inHand(), troubles);
  assert.deepEqual([end!.state, end!.message], ['fresh', clock]);
});

test('where nobody is reached, doctor says so of each source and ends', async (t) => {
  const emulator = await startLiveEmulator({ day, pools: 4, days: 5 });
  const settings = readSourceSettings(emulator.environment);
  await emulator.stop();
  t.after(() => {});
  const findings = await examineSources(settings, loadPoolSettings(readConfig({}).checkout), day);
  const asked = findings.filter(({ name }) => name !== 'proxy');
  assert.ok(asked.length >= 9);
  for (const { name, verdict, detail } of asked) {
    assert.match(detail, /the connection was refused/, name);
    assert.equal(verdict, ['llama-pools', 'chain-calls'].includes(name) ? 'failed' : 'warning');
  }
});

test('two runs that fetch at once store each body once, and neither fails', async (t) => {
  const rig = await sourceRig(t, { pools: 12 });
  const both = await Promise.all([rig.fetchDay(), rig.fetchDay()]);
  for (const ends of both) assert.ok(Object.values(ends).every(({ state }) => state === 'fresh'));
  const { rows } = await rig.database.query(
    'select source, key from raw_responses where accepted group by 1, 2 having count(*) > 1',
  );
  assert.deepEqual(rows, []);
});
