import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonKinds } from '../../src/pools/judgement.ts';
import { prefilterPool, prefilterPools } from '../../src/pools/prefilter.ts';
import type { PoolToJudge } from '../../src/pools/prefilter.ts';

const usdc = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const dai = '0x6B175474E89094C44Da98b954EedeAC495271d0F';
const stranger = '0x000000000000000000000000000000000000dEaD';

const date = '2022-01-15';
const settings = {
  parameters: { pool_tvl_limit: 100_000 },
  approvedTokens: [
    { symbol: 'USDC', address: usdc, yieldBearing: false },
    { symbol: 'DAI', address: dai, yieldBearing: false },
    { symbol: 'FOBXX', address: null, yieldBearing: false },
  ],
  blacklistedTokens: ['FRAX', 'USD0++'],
  approvedProtocols: ['aave-v3', 'pendle'],
};

const good: PoolToJudge = {
  poolId: 'p1',
  protocol: 'aave-v3',
  chain: 'Ethereum',
  symbol: 'USDC-DAI',
  tvl: 5_000_000,
  underlyingTokens: ['USDC', 'DAI'],
  underlyingTokenAddresses: [usdc, dai],
  poolMeta: null,
};

const cases: [what: string, change: Partial<PoolToJudge>, reasons: string[]][] = [
  ['an approved pool', {}, []],
  [
    'addresses in any case',
    { underlyingTokenAddresses: [usdc.toLowerCase(), dai.toUpperCase().replace('X', 'x')] },
    [],
  ],
  ['another protocol', { protocol: 'morpho-blue' }, ['protocol not approved: morpho-blue']],
  [
    'a protocol in other letters',
    { protocol: 'Aave-V3' },
    ['protocol not approved: Aave-V3 (write "aave-v3")'],
  ],
  ['another chain', { chain: 'Base' }, ['chain not Ethereum: Base']],
  ['a chain in other letters', { chain: 'ethereum' }, ['chain not Ethereum: ethereum (write "Ethereum")']],
  [
    'an address that is not approved',
    { underlyingTokens: ['USDC', 'DOLA'], underlyingTokenAddresses: [usdc, stranger] },
    [`token not approved: DOLA (${stranger.toLowerCase()})`],
  ],
  [
    'a token without an address beside one that has it',
    { underlyingTokens: ['DOLA', 'USDC'], underlyingTokenAddresses: ['', usdc] },
    ['token not approved: DOLA (no address)'],
  ],
  [
    'one reason for each address',
    { underlyingTokens: ['A', 'B'], underlyingTokenAddresses: [stranger, ''] },
    [`token not approved: A (${stranger.toLowerCase()})`, 'token not approved: B (no address)'],
  ],
  [
    'a token named twice, once',
    { underlyingTokens: ['A', 'A'], underlyingTokenAddresses: [stranger, stranger] },
    [`token not approved: A (${stranger.toLowerCase()})`],
  ],
  [
    'more tokens than addresses',
    { underlyingTokens: ['USDC', 'DAI'], underlyingTokenAddresses: [usdc] },
    ['token not approved: DAI (no address)'],
  ],
  ['a true address under a false name', { underlyingTokens: ['FAKE', 'DAI'] }, []],
  [
    'an approved name that is not on Ethereum',
    { underlyingTokens: ['FOBXX', 'USDC'], underlyingTokenAddresses: ['', usdc] },
    ['token not approved: FOBXX (no address)'],
  ],
  [
    'no address at all',
    { underlyingTokens: ['USDC', 'DAI'], underlyingTokenAddresses: ['', ''] },
    ['tokens not known to be approved: USDC, DAI (the source gives no address)'],
  ],
  [
    'no tokens at all',
    { underlyingTokens: [], underlyingTokenAddresses: [] },
    ['tokens not known to be approved: USDC-DAI (the source gives no address)'],
  ],
  [
    'no address and little TVL',
    { underlyingTokens: ['USDC'], underlyingTokenAddresses: [''], tvl: 99_999 },
    [
      'TVL below limit: $99,999 of $100,000',
      'tokens not known to be approved: USDC (the source gives no address)',
    ],
  ],
  [
    'no address and TVL at the limit',
    { underlyingTokens: ['USDC'], underlyingTokenAddresses: [''], tvl: 100_000 },
    ['tokens not known to be approved: USDC (the source gives no address)'],
  ],
  [
    'no address and TVL unknown',
    { underlyingTokens: ['USDC'], underlyingTokenAddresses: [''], tvl: null },
    ['tokens not known to be approved: USDC (the source gives no address)'],
  ],
  ['little TVL where the addresses are known', { tvl: 1 }, []],
  [
    'a blacklisted token in any case',
    { underlyingTokens: ['USDC', 'frax'], underlyingTokenAddresses: [usdc, dai] },
    ['token blacklisted: frax'],
  ],
  [
    'a blacklisted token known by the symbol of the pool alone',
    { symbol: 'USDC-FRAX', underlyingTokens: [], underlyingTokenAddresses: [] },
    ['tokens not known to be approved: USDC-FRAX (the source gives no address)', 'token blacklisted: FRAX'],
  ],
  [
    'a symbol that only contains a blacklisted one',
    { symbol: 'SFRAXX', underlyingTokens: ['SFRAXX', 'DAI'] },
    [],
  ],
  [
    'everything at once, in the order of the checks',
    {
      protocol: 'frax',
      chain: 'Base',
      underlyingTokens: ['FRAX'],
      underlyingTokenAddresses: [''],
      tvl: 5,
    },
    [
      'protocol not approved: frax',
      'chain not Ethereum: Base',
      'TVL below limit: $5 of $100,000',
      'tokens not known to be approved: FRAX (the source gives no address)',
      'token blacklisted: FRAX',
    ],
  ],
  [
    'a pool without names',
    { protocol: null, chain: null, symbol: null, underlyingTokens: [], underlyingTokenAddresses: [] },
    ['nameless: the source gives no protocol, chain and symbol'],
  ],
  [
    'a pool with blanks for names',
    { protocol: ' ', chain: '', symbol: null, underlyingTokens: [], underlyingTokenAddresses: [] },
    ['nameless: the source gives no protocol, chain and symbol'],
  ],
  ['a pool without a chain', { chain: null }, ['nameless: the source gives no chain']],
  [
    'a pool without a protocol, and another fault',
    { protocol: null, chain: 'Base' },
    ['nameless: the source gives no protocol', 'chain not Ethereum: Base'],
  ],
  [
    'a Pendle pool with an approved address, whatever else is in it',
    {
      protocol: 'pendle',
      underlyingTokens: ['PT-X', 'USDC'],
      underlyingTokenAddresses: [stranger, usdc],
      tvl: 1,
    },
    [],
  ],
  [
    'a Pendle pool without an approved address or a description',
    { protocol: 'pendle', underlyingTokens: ['SUSDF'], underlyingTokenAddresses: [''] },
    ['Pendle pool neither PT nor LP: it has no description'],
  ],
  [
    'a Pendle pool of another kind',
    { protocol: 'pendle', underlyingTokens: [], underlyingTokenAddresses: [], poolMeta: 'For buying YT' },
    ['Pendle pool neither PT nor LP: "For buying YT"'],
  ],
  [
    'a Pendle pool that must be looked up on the chain',
    {
      protocol: 'pendle',
      underlyingTokens: [],
      underlyingTokenAddresses: [],
      poolMeta: 'For LP | Maturity 27 NOV',
    },
    [
      'Pendle pool needs a look at the chain: no approved token address is known, and this source cannot look',
    ],
  ],
  [
    'a Pendle pool with an approved and a blacklisted token',
    { protocol: 'pendle', underlyingTokens: ['USDC', 'FRAX'], underlyingTokenAddresses: [usdc, ''] },
    ['token blacklisted: FRAX'],
  ],
  ['a principal token that matured', { symbol: 'PT-USDe-25NOV2021' }, ['matured: on 2021-11-25']],
  [
    'a market that matures on the day',
    { poolMeta: 'For LP | Maturity 15 Jan 2022' },
    ['matured: on 2022-01-15'],
  ],
  ['a market that matures tomorrow', { poolMeta: 'For LP | Maturity 16JAN2022' }, []],
];

for (const [what, change, reasons] of cases) {
  test(`${reasons.length === 0 ? 'passes' : 'rejects'} ${what}`, () => {
    const judged = prefilterPool({ ...good, ...change }, settings, date);
    assert.deepEqual(judged.reasons, reasons);
    assert.equal(judged.passed, reasons.length === 0);
    assert.equal(judged.reason, reasons.length === 0 ? null : reasons.join('; '));
  });
}

test('names the tokens as the approved list spells them, of a Pendle pool the approved ones alone', () => {
  const spelt = { ...good, underlyingTokens: ['usdc', 'Dai'] };
  assert.deepEqual(prefilterPool(spelt, settings, date).approvedTokens, ['USDC', 'DAI']);
  const pendle = {
    ...good,
    protocol: 'pendle',
    underlyingTokens: ['X', 'usdc'],
    underlyingTokenAddresses: [stranger, usdc],
  };
  assert.deepEqual(prefilterPool(pendle, settings, date).approvedTokens, ['USDC']);
});

test('answers in the order of the ids, whatever the order of the question', () => {
  const pools = ['b', 'a', 'B', '10', '9'].map((poolId) => ({ ...good, poolId }));
  const expected = ['10', '9', 'B', 'a', 'b'];
  assert.deepEqual(
    prefilterPools(pools, settings, date).map((judged) => judged.poolId),
    expected,
  );
  assert.deepEqual(
    prefilterPools(pools.reverse(), settings, date).map((judged) => judged.poolId),
    expected,
  );
});

test('reasons are counted by kind, also where the source wrote a semicolon', () => {
  const judged = prefilterPool(
    { ...good, protocol: 'a; b: c', underlyingTokens: ['X', 'Y'], underlyingTokenAddresses: [stranger, ''] },
    settings,
    date,
  );
  assert.deepEqual(reasonKinds(judged.reason!), ['protocol not approved', 'token not approved']);
});
