import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadPoolSettings, readLists, readParameters } from '../../src/pools/settings.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const shipped = loadPoolSettings(checkout);

function shippedFile(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(checkout, 'config/pools', name), 'utf8')) as Record<string, unknown>;
}

function refusal(file: RegExp, message: RegExp) {
  return (error: Error) => {
    assert.equal(error.name, 'InvalidInput');
    assert.match(error.message, file);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'), 'one line');
    return true;
  };
}

test('the shipped lists hold what the pipeline was specified with', () => {
  assert.equal(shipped.approvedTokens.length, 33);
  assert.deepEqual(
    shipped.approvedTokens.filter((token) => token.address === null).map((token) => token.symbol),
    ['FOBXX'],
  );
  assert.equal(shipped.blacklistedTokens.length, 6);
  assert.equal(shipped.approvedProtocols.length, 28);
});

test('interest-bearing tokens are marked, so that they are not held against a peg of 1.00', () => {
  const marked = shipped.approvedTokens.filter((token) => token.yieldBearing).map((token) => token.symbol);
  for (const symbol of ['USDY', 'USYC', 'SUSDE', 'sDAI']) assert.ok(marked.includes(symbol), symbol);
  for (const symbol of ['USDC', 'DAI', 'GHO']) assert.ok(!marked.includes(symbol), symbol);
});

test('the shipped parameters are the defaults, with a horizon of a week', () => {
  const { parameters } = shipped;
  assert.equal(parameters.pool_tvl_limit, 100_000);
  assert.equal(parameters.pool_apy_limit, 0.01);
  assert.equal(parameters.min_pools, 5);
  assert.equal(parameters.optimization_horizon_days, 7);
  assert.equal(parameters.icebox_convert, false, 'nothing is sold at the bottom unasked');
  assert.equal(parameters.pool_apy_book_implausible, false);
  assert.equal(Object.keys(parameters).length, 44);
});

const wrongParameters: [change: Record<string, unknown>, message: RegExp][] = [
  [{ group1_apy_delta_max: 1.5 }, /group1_apy_delta_max is 1\.5, but must be a fraction from 0 to 1/],
  [{ conversion_rate: -0.1 }, /conversion_rate is -0\.1, but must be a fraction/],
  [{ conversion_rate: '0.1' }, /conversion_rate is "0\.1", but must be a fraction/],
  [{ conversion_rate: undefined }, /conversion_rate is missing, but must be a fraction/],
  [{ conversion_rate: null }, /conversion_rate is null/],
  [{ min_pools: 2.5 }, /min_pools is 2\.5, but must be a whole number/],
  [{ pool_tvl_limit: -1 }, /pool_tvl_limit is -1, but must be an amount in dollars/],
  [
    { icebox_ohlc_l_days_threshold: 0 },
    /icebox_ohlc_l_days_threshold is 0, but must be a whole number of days/,
  ],
  [{ profit_optimization: 'yes' }, /profit_optimization is "yes", but must be true or false/],
  [{ pool_tvl_limt: 1 }, /unknown name "pool_tvl_limt"\. Did you mean "pool_tvl_limit"\?/],
  [
    { group1_7d_stddev_max: 0.05 },
    /group1_7d_stddev_max is 0\.05, but must be at most group2_7d_stddev_max, which is 0\.04/,
  ],
  [
    { solver_time_limit_seconds: 0 },
    /solver_time_limit_seconds is 0, but must be a number of seconds above 0/,
  ],
  [{ gas_priority_fee_gwei: -1 }, /gas_priority_fee_gwei is -1, but must be a number of gwei of at least 0/],
  [
    { min_position_pct: 0.3 },
    /min_position_pct is 0\.3, but must be at most max_alloc_percentage, which is 0\.25: no position could be opened/,
  ],
  [
    { position_max_pct_total_assets: 0.001 },
    /min_position_pct is 0\.01, but must be at most position_max_pct_total_assets, which is 0\.001/,
  ],
  [
    { min_pools: 6, min_position_pct: 0.2 },
    /min_pools is 6, but must be smaller: 6 pools \(min_pools\) of at least 0\.2 .* more than the 1 that the groups/,
  ],
  [
    { group1_max_pct: 0, group2_max_pct: 0, group3_max_pct: 0.04 },
    /min_pools is 5, but must be smaller: .* more than the 0\.04 that the groups may hold together/,
  ],
];

for (const [change, message] of wrongParameters) {
  test(`refuses parameters with ${JSON.stringify(change)}`, () => {
    const raw = { ...shippedFile('parameters.json'), ...change };
    assert.throws(() => readParameters(raw), refusal(/^config\/pools\/parameters\.json: /, message));
  });
}

const address = `0x${'a'.repeat(40)}`;
const wrongLists: [change: Record<string, unknown>, message: RegExp][] = [
  [{ approved_tokens: {} }, /approved_tokens is \{\}, but must be a list/],
  [{ aproved_tokens: [] }, /unknown name "aproved_tokens"\. Did you mean "approved_tokens"\?/],
  [
    { approved_tokens: [{ symbol: 'A', address: '0x12' }] },
    /approved_tokens\[0\]\.address is "0x12", but must be an Eth/,
  ],
  [
    { approved_tokens: [{ symbol: 'A', address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed' }] },
    /approved_tokens\[0\]\.address is "0x5aAe.*", but must be an address whose upper case letters fit/,
  ],
  [{ approved_tokens: [{ symbol: 'A' }] }, /approved_tokens\[0\]\.address is missing/],
  [{ approved_tokens: [{ symbol: '', address }] }, /approved_tokens\[0\]\.symbol is ""/],
  [
    { approved_tokens: [{ symbol: 'A', adress: address }] },
    /approved_tokens\[0\] has the unknown name "adress".*"address"/,
  ],
  [
    {
      approved_tokens: [
        { symbol: 'A', address },
        { symbol: 'a', address: null },
      ],
    },
    /approved_tokens is "a", but must be named once/,
  ],
  [
    {
      approved_tokens: [
        { symbol: 'A', address },
        { symbol: 'B', address: address.toUpperCase().replace('X', 'x') },
      ],
    },
    /approved_tokens is "0xA+", but must be named once/,
  ],
  [
    { approved_tokens: [{ symbol: 'frax', address }] },
    /blacklisted_tokens is "frax", but must be a token that is not appr/,
  ],
  [{ blacklisted_tokens: [3] }, /blacklisted_tokens\[0\] is 3/],
  [{ approved_protocols: ['aave-v3', 'aave-v3'] }, /approved_protocols is "aave-v3", but must be named once/],
];

for (const [change, message] of wrongLists) {
  test(`refuses lists with ${JSON.stringify(change)}`, () => {
    const raw = { ...shippedFile('lists.json'), ...change };
    assert.throws(() => readLists(raw), refusal(/^config\/pools\/lists\.json: /, message));
  });
}

test('says which file is missing or is not JSON', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sevenfold-settings-'));
  t.after(() => rm(folder, { recursive: true }));
  assert.throws(
    () => loadPoolSettings(folder),
    refusal(/^config\/pools\/parameters\.json /, /is not there \(ENOENT\)/),
  );
  await mkdir(join(folder, 'config/pools'), { recursive: true });
  await writeFile(join(folder, 'config/pools/parameters.json'), '{"a":');
  assert.throws(() => loadPoolSettings(folder), refusal(/^config\/pools\/parameters\.json /, /is not JSON/));
});
