import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onchainPortfolio } from '../../src/kinds/daily/onchain.ts';
import { formatAmount, parseAmount } from '../../src/pools/portfolio/amounts.ts';
import { total } from '../../src/pools/portfolio/opening.ts';
import { readSourceSettings } from '../../src/sources/settings.ts';
import { assetsOf, emulatedWallet as wallet, transferOf, usualTransfers } from '../live/chain.ts';
import type { ChainTransfer } from '../live/chain.ts';
import { makeWorld } from '../live/world.ts';
import type { World } from '../live/world.ts';
import { book, held, opened } from './books.ts';
import { day, sourceRig } from './rig.ts';
import type { SourceRig } from './rig.ts';

const nextDay = '2026-11-21';
const usdc = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
const other = '0x00000000000000000000000000000000000000c3';
const nobody = `0x${'0'.repeat(40)}`;
const pools = 30;

const onChain = (t: Parameters<typeof sourceRig>[0], more: Parameters<typeof sourceRig>[1] = {}) =>
  sourceRig(t, { pools, chain: true, ...more });

/** The first pool of USDC, its vault, and the world of a day with these transfers besides the usual ones. */
function worldOf(
  date: string,
  more: readonly ChainTransfer[] = [],
): World & { vault: string; poolId: string } {
  const { vault, poolId } = vaultIn(makeWorld({ day: date, pools, days: 5 }));
  const world = makeWorld({ day: date, pools, days: 5, transfers: [...usualTransfers(vault), ...more] });
  return Object.assign(world, { vault, poolId });
}

function vaultIn(world: World): { vault: string; poolId: string } {
  const pool = world.pools.find(
    ({ underlyingTokens }) => (underlyingTokens as string[])[0]?.toLowerCase() === usdc,
  )!;
  const poolId = pool['pool'] as string;
  return { poolId, vault: world.addresses()[poolId]! };
}

/** The usual day, whose balances are the books of the next; its world. */
async function firstDay(rig: SourceRig): Promise<ReturnType<typeof worldOf>> {
  const world = worldOf(day);
  rig.emulator.serve(world);
  await rig.fetchDay();
  await book(rig, (await opened(rig)).balances);
  return world;
}

test('what a wallet holds is the chain’s word at one final block, to the last unit; nothing is signed', async (t) => {
  const rig = await onChain(t);
  const world = worldOf(day);
  rig.emulator.serve(world);
  const ends = await rig.fetchDay();
  assert.deepEqual([ends['chain-calls']!.state, ends['chain-calls']!.required], ['fresh', true]);
  const { balances, warnings, onchain } = await opened(rig);
  const position = assetsOf(238_095_238_095n, world.chain.head);
  assert.deepEqual(held(balances), {
    wallet: '750000.000001',
    [world.poolId]: formatAmount(position * 10n ** 12n),
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual([onchain.block, onchain.booksOf, onchain.unreconciled], [world.chain.head, null, null]);

  const calls = rig.emulator
    .requests()
    .filter(({ provider, body }) => provider.startsWith('node') && body.includes('eth_call'))
    .flatMap(({ body }) => JSON.parse(body) as { method: string; params: [unknown, string] }[]);
  assert.ok(calls.length > 60, String(calls.length));
  assert.deepEqual(
    [...new Set(calls.map(({ params }) => params[1]))],
    [`0x${world.chain.head.toString(16)}`],
  );
  const methods = rig.emulator
    .requests()
    .flatMap(({ body }) => (body === '' ? [] : (JSON.parse(body) as { method: string }[])))
    .map(({ method }) => method);
  assert.deepEqual([...new Set(methods)].sort(), ['eth_call', 'eth_getBlockByNumber']);
});

test('the same day again asks nothing, and a wallet that was not asked then is no 0', async (t) => {
  const rig = await onChain(t);
  rig.emulator.serve(worldOf(day));
  await rig.fetchDay();
  const asked = rig.emulator.count();
  await rig.fetchDay();
  assert.equal(rig.emulator.count(), asked);
  const inHand = { ...rig.inHand(), wallets: [wallet, other] };
  await assert.rejects(
    onchainPortfolio(inHand).open(rig.database, { dataset: 'live', date: day }, inHand.pools),
    /the balance of 0x0+c3 is unknown \(failed: it was not asked\)/,
  );
});

/** A day after: 1,000 USDC arrive, 100 go into the pool, and a token that calls itself USDC arrives as well. */
function eventful(from: number): { vault: string; transfers: ChainTransfer[] } {
  const { vault } = worldOf(day);
  const at = from + 1_200;
  return {
    vault,
    transfers: [
      transferOf(at, 'gift', [usdc, 'USDC'], [other, wallet], 1_000_000_000n),
      transferOf(at + 1, 'more', [usdc, 'USDC'], [wallet, vault], 100_000_000n),
      transferOf(at + 1, 'more', [vault, 'vUSDC'], [nobody, wallet], 95_000_000n),
      transferOf(at + 2, 'bait', [other, 'USDC'], [nobody, wallet], 5_000_000_000n),
    ],
  };
}

for (const [by, variables] of [
  ['the logs of a node', {}],
  ['Etherscan', { ETHERSCAN_API_KEY: 'es-secret' }],
  ['Ethplorer', { ETHPLORER_API_KEY: 'es-secret' }],
] as const) {
  test(`the books meet the chain by transfers of ${by}; a look-alike is named and not counted`, async (t) => {
    const namesTokens = by !== 'the logs of a node';
    const rig = await onChain(t, { variables });
    const first = await firstDay(rig);
    const next = worldOf(nextDay, eventful(first.chain.head).transfers);
    rig.emulator.serve(next);
    const ends = await rig.fetchDay(nextDay);
    assert.equal(ends[by === 'the logs of a node' ? 'chain-logs' : by.toLowerCase()]!.state, 'fresh');
    const { balances, onchain, warnings } = await opened(rig, nextDay);
    const [inPool] = balances.filter(({ poolId }) => poolId === next.poolId);
    const [idle] = balances.filter(({ poolId }) => poolId === null);
    assert.deepEqual([idle!.carried, idle!.flow, idle!.accrued, total(idle!)].map(formatAmount), [
      '750000.000001',
      '900',
      '0',
      '750900.000001',
    ]);
    const before = assetsOf(238_095_238_095n, first.chain.head) * 10n ** 12n;
    const now = assetsOf(238_190_238_095n, next.chain.head) * 10n ** 12n;
    assert.deepEqual(
      [inPool!.carried, inPool!.flow, inPool!.accrued],
      [before, parseAmount('100'), now - before - parseAmount('100')],
    );
    assert.deepEqual([onchain.unreconciled, onchain.unexplained, onchain.booksOf], [null, [], day]);
    assert.deepEqual(
      onchain.lookAlikes.map(({ token }) => token),
      namesTokens ? [other] : [],
    );
    assert.equal(warnings.length, namesTokens ? 1 : 0, warnings.join());
    const { rows } = await rig.database.query('select raw_responses::text as row from raw_responses');
    assert.doesNotMatch(JSON.stringify(rows), /es-secret/);
  });
}

// Three to a block, so that pages end within blocks; the last two are equal events of one transaction.
for (const [by, variables, ones, pages, flow] of [
  ['api.etherscan.io', { ETHERSCAN_API_KEY: 'es-secret' }, 2_498, 3, '0.002512'],
  ['api.ethplorer.io', { ETHPLORER_API_KEY: 'ep-secret' }, 248, 3, '0.000262'],
] as const) {
  test(`${by}, page by page: what stands on both sides of a page is one, two equal ones are two`, async (t) => {
    const rig = await onChain(t, { variables });
    const start = (await firstDay(rig)).chain.head + 10;
    const many = Array.from({ length: ones }, (_, i) =>
      transferOf(start + Math.floor(i / 3), `many ${i}`, [usdc, 'USDC'], [other, wallet], 1n),
    );
    const twice = transferOf(start + 900, 'twice', [usdc, 'USDC'], [other, wallet], 7n);
    rig.emulator.serve(worldOf(nextDay, [...many, twice, { ...twice }]));
    await rig.fetchDay(nextDay);
    assert.equal(rig.emulator.count(by), pages);
    const { balances, onchain } = await opened(rig, nextDay);
    const idle = balances.find(({ poolId }) => poolId === null)!;
    assert.deepEqual([formatAmount(idle.flow), onchain.unexplained], [flow, []]);
    assert.equal(onchain.transfers, ones + 2);
  });
}

test('transfers are those of the provider of which nothing is missing, whatever key came in between', async (t) => {
  const rig = await onChain(t, { variables: { ETHERSCAN_API_KEY: 'es-secret' } });
  const first = await firstDay(rig);
  const start = first.chain.head + 10;
  const many = Array.from({ length: 1_500 }, (_, i) =>
    transferOf(start + i, `many ${i}`, [usdc, 'USDC'], [other, wallet], 1n),
  );
  rig.emulator.serve(worldOf(nextDay, many));
  rig.emulator.fault({ provider: 'api.etherscan.io', kind: 'status 403', after: 1 });
  assert.equal((await rig.fetchDay(nextDay))['etherscan']!.state, 'failed');
  assert.match(
    (await opened(rig, nextDay)).onchain.unreconciled!,
    /^transfers are missing: blocks of 0x0+a1/,
  );
  rig.settings.etherscanKey = undefined;
  assert.equal((await rig.fetchDay(nextDay))['chain-logs']!.state, 'fresh');
  const { onchain } = await opened(rig, nextDay);
  assert.deepEqual([onchain.unreconciled, onchain.transfers], [null, 1_500]);
});

test('a gap of blocks: the chain is right, and the books are not held against it', async (t) => {
  const rig = await onChain(t, { variables: { ETHERSCAN_API_KEY: 'es-secret' } });
  const first = await firstDay(rig);
  const next = worldOf(nextDay, eventful(first.chain.head).transfers);
  rig.emulator.serve(next);
  rig.emulator.fault({ provider: 'api.etherscan.io', kind: 'status 503' });
  const ends = await rig.fetchDay(nextDay);
  assert.deepEqual([ends['etherscan']!.state, ends['chain-calls']!.state], ['failed', 'fresh']);
  const { balances, onchain } = await opened(rig, nextDay);
  assert.match(onchain.unreconciled!, /^transfers are missing: blocks of 0x0+a1/);
  assert.match(onchain.unreconciled!, new RegExp(`${first.chain.head + 1} to ${next.chain.head}`));
  assert.equal(held(balances)['wallet'], '750900.000001');
  assert.ok(balances.every(({ accrued }) => accrued === 0n));
});

test('a range of logs that a node finds too wide is asked for in halves', async (t) => {
  const rig = await onChain(t);
  const first = await firstDay(rig);
  const next = worldOf(nextDay, eventful(first.chain.head).transfers);
  next.chain.widestLogs = 300;
  rig.emulator.serve(next);
  const end = (await rig.fetchDay(nextDay))['chain-logs']!;
  assert.equal(end.state, 'fresh', end.message ?? '');
  assert.deepEqual((await opened(rig, nextDay)).onchain.unreconciled, null);
});

test('shares that their vault will not value end the day in one line, with the pool and the shares', async (t) => {
  const rig = await onChain(t);
  const world = worldOf(day);
  world.chain.reverting.add(world.vault);
  const protocol = world.pools.find((pool) => pool['pool'] === world.poolId)!['project'] as string;
  rig.emulator.serve(world);
  await rig.fetchDay();
  if (['aave-v3', 'sparklend', 'compound-v3'].includes(protocol)) {
    assert.equal(held((await opened(rig)).balances)[world.poolId], '238095.238095');
    return;
  }
  await assert.rejects(opened(rig), (error: Error) => {
    assert.equal(error.name, 'InvalidInput');
    assert.match(error.message, /at block \d+ cannot be told: pool .*238095238095 shares of 0x/);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
});

test('a node that fails is replaced by the next, one that is behind is not believed', async (t) => {
  const rig = await onChain(t);
  rig.emulator.serve(worldOf(day));
  rig.emulator.fault({ provider: 'node-1', kind: 'status 503' });
  assert.equal((await rig.fetchDay())['chain-calls']!.state, 'fresh');
  rig.emulator.mend();
  // Yesterday's chain, as of a node that stands still.
  const end = (await rig.fetchDay(nextDay))['chain-calls']!;
  assert.equal(end.state, 'failed');
  assert.match(end.message!, /the node is behind: its newest final block is of 2026-11-20 00:15 UTC/);
});

test('a block that nodes may have forgotten is asked for anew, and no two blocks are mixed', async (t) => {
  const rig = await onChain(t);
  const world = worldOf(day);
  rig.emulator.serve(world);
  rig.emulator.fault(
    ...(['node-1', 'node-2'] as const).map((provider) => ({
      provider,
      kind: 'status 404' as const,
      after: 2,
    })),
  );
  await rig.fetch('llama-pools');
  await rig.fetch('llama-addresses');
  const stopped = await rig.fetch('chain-calls');
  assert.ok(stopped.missing > 0);
  rig.emulator.mend();
  await rig.database.query(
    `update raw_responses set fetched_at = now() - interval '11 minutes' where source = 'chain-calls'`,
  );
  const later = worldOf(day);
  later.chain.head += 55;
  rig.emulator.serve(later);
  assert.equal((await rig.fetchDay())['chain-calls']!.state, 'fresh');
  const { onchain } = await opened(rig);
  assert.equal(onchain.block, later.chain.head);
});

test('wallets that hold nothing are said to hold nothing', async (t) => {
  const rig = await onChain(t, { variables: { SEVENFOLD_WALLETS: other } });
  rig.emulator.serve(worldOf(day));
  await rig.fetchDay();
  await assert.rejects(
    opened(rig),
    /hold no approved token and no position at block \d+.*Check SEVENFOLD_WALLETS/,
  );
});

for (const [what, value] of [
  ['a name', 'vitalik.eth'],
  ['a digit less', `${wallet.slice(0, -1)}`],
  ['one of two', `${wallet},0x12`],
  ['something long', `0x${'a'.repeat(500)}`],
] as const) {
  test(`a wallet address that is none (${what}) is refused in one line`, () => {
    assert.throws(
      () => readSourceSettings({ SEVENFOLD_WALLETS: value }),
      (error: Error) => {
        assert.match(
          error.message,
          /^SEVENFOLD_WALLETS is ".{1,60}", but must be addresses of 0x and 40 hexadecimal digits/,
        );
        return !error.message.includes('\n');
      },
    );
  });
}
