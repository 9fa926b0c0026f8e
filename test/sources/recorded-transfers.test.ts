/** Days of an on-chain portfolio by the recorded pages of explorers, beside a node on loopback whose chain is the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount } from '../../src/pools/portfolio/amounts.ts';
import { assetsOf, emulatedWallet as wallet, makeChain, transferOf } from '../live/chain.ts';
import type { ChainTransfer } from '../live/chain.ts';
import { recordedBodies } from '../live/recorded.ts';
import type { Recorded } from '../live/recorded.ts';
import { makeWorld } from '../live/world.ts';
import type { World } from '../live/world.ts';
import { sharedData, unlessThere } from '../support/shared-data.ts';
import { book, opened } from './books.ts';
import { sourceRig } from './rig.ts';
import type { SourceRig } from './rig.ts';

const skip = unlessThere(sharedData('live'));

const [before, after] = ['2026-11-17', '2026-11-19'];
const [usdc, syrup] = [
  '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
  '0x80ac24aa929eaf5013f6436cda2a7ba190f5cc0b',
];
const lookAlike = '0x0000000000000000000000000000000000000bad';
const address = (end: string): string => `0x${end.padStart(40, '0')}`;
const [gift, friend, bait, nobody] = [address('b2'), address('c3'), address('d4'), address('')];

/** What the recorded pages tell, after a first deposit that they do not. */
const transfers: readonly ChainTransfer[] = [
  transferOf(26_300_000, 'opening', [usdc, 'USDC'], [gift, wallet], 50_000_000_000n),
  transferOf(26_420_600, 'one unit', [usdc, 'USDC'], [wallet, friend], 1n),
  transferOf(26_431_434, 'gift', [usdc, 'USDC'], [gift, wallet], 300_000_000_000n),
  transferOf(26_432_267, 'deposit', [usdc, 'USDC'], [wallet, syrup], 250_000_000_000n),
  transferOf(26_432_267, 'deposit', [syrup, 'syrupUSDC'], [nobody, wallet], 221_700_311_402n),
  transferOf(26_432_338, 'bait', [lookAlike, 'USDC'], [bait, wallet], 5_000_000_000n),
];

const tokensOf = ({ underlyingTokens }: Record<string, unknown>): string[] =>
  ((underlyingTokens ?? []) as string[]).map((each) => each.toLowerCase());

/** A made day whose first pool of USDC is the recorded vault. */
function worldOf(day: string): World & { poolId: string } {
  const made = makeWorld({ day, pools: 30, days: 5 });
  const pool = made.pools.find((each) => tokensOf(each)[0] === usdc)!;
  const poolId = pool['pool'] as string;
  const addresses = { ...made.addresses(), [poolId]: syrup };
  const { head } = made.chain;
  const chain = makeChain({
    ...{ head, transfers, unixOf: (height) => made.chain.unixOf(height) },
    tokens: made.pools.flatMap(tokensOf),
    vaults: made.pools.flatMap((each) => {
      const [address, asset] = [addresses[each['pool'] as string], tokensOf(each)[0]];
      return address === undefined || asset === undefined ? [] : [{ address, asset }];
    }),
  });
  return { ...made, poolId, addresses: () => addresses, chain };
}

const explorers: Recorded = {
  find: (provider, ...asked) =>
    /etherscan|ethplorer/.test(provider) ? recordedBodies()!.find(provider, ...asked) : undefined,
};

async function twoDays(t: Parameters<typeof sourceRig>[0], variables: Record<string, string>) {
  const rig = await sourceRig(t, { pools: 30, chain: true, variables, recorded: explorers });
  rig.emulator.serve(worldOf(before));
  await rig.fetchDay(before);
  await book(rig, (await opened(rig, before)).balances, before);
  const world = worldOf(after);
  rig.emulator.serve(world);
  return { rig, world, ends: await rig.fetchDay(after) };
}

async function balancesOf(rig: SourceRig, { poolId, chain }: ReturnType<typeof worldOf>) {
  const { balances, onchain, warnings } = await opened(rig, after);
  const [idle] = balances.filter((each) => each.poolId === null);
  const [inPool] = balances.filter((each) => each.poolId === poolId);
  assert.deepEqual([idle!.carried, idle!.flow, idle!.accrued].map(formatAmount), [
    '50000',
    '49999.999999',
    '0',
  ]);
  const worth = assetsOf(221_700_311_402n, chain.head) * 10n ** 12n;
  assert.deepEqual([inPool!.carried, formatAmount(inPool!.flow)], [0n, '250000']);
  assert.equal(inPool!.flow + inPool!.accrued, worth);
  assert.deepEqual([onchain.unreconciled, onchain.unexplained, onchain.booksOf], [null, [], before]);
  return { onchain, warnings };
}

test(
  'the books meet the chain by recorded pages of Etherscan; the look-alike is named',
  { skip },
  async (t) => {
    const { rig, world, ends } = await twoDays(t, { ETHERSCAN_API_KEY: 'es-secret' });
    assert.equal(ends['etherscan']!.state, 'fresh', ends['etherscan']!.message ?? '');
    const { onchain, warnings } = await balancesOf(rig, world);
    assert.equal(onchain.transfers, 5);
    assert.deepEqual(
      onchain.lookAlikes.map(({ symbol, token }) => [symbol, token === usdc]),
      [['USDC', false]],
    );
    // Each token without a contract on the made chain brings another one.
    assert.equal(warnings.filter((each) => !/there is no contract/.test(each)).length, 1, warnings.join());
  },
);

test(
  'recorded pages of Ethplorer, newest first: what stands on both is one, an approval moves nothing',
  {
    skip,
  },
  async (t) => {
    const { rig, world, ends } = await twoDays(t, { ETHPLORER_API_KEY: 'ep-secret' });
    assert.equal(ends['ethplorer']!.state, 'fresh', ends['ethplorer']!.message ?? '');
    const pages = rig.emulator.requests().filter(({ provider }) => provider === 'api.ethplorer.io');
    assert.deepEqual(
      pages.map(({ url }) => new URL(url, 'http://emulator').searchParams.get('timestamp')),
      [String(world.chain.unixOf(world.chain.head) + 1), '1795030008', '1794900001'],
    );
    const { onchain } = await balancesOf(rig, world);
    assert.equal(onchain.transfers, 4);
  },
);

for (const [by, variables, words] of [
  ['Etherscan', { ETHERSCAN_API_KEY: 'wrong' }, /the key ETHERSCAN_API_KEY is refused: Invalid API Key/],
  ['Ethplorer', { ETHPLORER_API_KEY: 'wrong' }, /HTTP 403 .*; the key ETHPLORER_API_KEY or this address is/],
] as const) {
  test(
    `a key that ${by} refuses is named, and not printed; the chain is right without it`,
    { skip },
    async (t) => {
      const { rig, ends } = await twoDays(t, variables);
      const end = ends[by.toLowerCase()]!;
      assert.equal(end.state, 'failed');
      assert.match(end.message!, words);
      const { onchain } = await opened(rig, after);
      assert.match(onchain.unreconciled!, /^transfers are missing/);
    },
  );
}
