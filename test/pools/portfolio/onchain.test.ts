import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAmount } from '../../../src/pools/portfolio/amounts.ts';
import {
  addressOf,
  calls,
  parseAddress,
  parseQuantity,
  readAnswers,
} from '../../../src/pools/portfolio/onchain/calls.ts';
import type { Answer } from '../../../src/pools/portfolio/onchain/calls.ts';
import { checksummed, isMistyped } from '../../../src/pools/portfolio/onchain/checksum.ts';
import { amountOfUnits, holdingsOf } from '../../../src/pools/portfolio/onchain/holdings.ts';
import { reconcile } from '../../../src/pools/portfolio/onchain/reconcile.ts';
import type { DayOnChain } from '../../../src/pools/portfolio/onchain/reconcile.ts';
import {
  brokenAt,
  gapsOf,
  mergePages,
  readEtherscan,
  readEthplorer,
  readLogs,
  transferTopic,
} from '../../../src/pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../../../src/pools/portfolio/onchain/transfers.ts';
import { readSourceSettings } from '../../../src/sources/settings.ts';
import { sharedData, unlessThere } from '../../support/shared-data.ts';

const accounts = sharedData('live/accounts');
const skip = unlessThere(accounts);
const body = (name: string): unknown => JSON.parse(readFileSync(join(accounts, name), 'utf8'));

const wallet = '0x00000000000000000000000000000000000000a1';
const usdc = { symbol: 'USDC', address: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48' };
const syrup = {
  poolId: 'maple-usdc',
  protocol: 'maple',
  address: '0x80ac24aa929eaf5013f6436cda2a7ba190f5cc0b',
  token: usdc,
};
const value = (of: bigint): Answer => ({ kind: 'value', value: of });
const six = new Map([[usdc.address, value(6n)]]);

test('answers of a batch are found by their ids, whatever their order', { skip }, () => {
  const answers = readAnswers(body('rpc_calls_batch.json'), [1, 2, 3, 4, 5]);
  assert.deepEqual(answers.get(1), value(221_700_311_402n));
  assert.deepEqual(answers.get(2), value(250_004_112_233n));
  assert.deepEqual(answers.get(3), value(6n));
  assert.deepEqual(answers.get(4), { kind: 'nothing' });
  assert.deepEqual(answers.get(5), { kind: 'reverted', message: 'execution reverted' });
});

test('what a node leaves out, says twice or garbles is no balance', () => {
  const ok = { id: 1, result: `0x${'0'.repeat(64)}` };
  const limited = { error: { code: -32005, message: 'limit exceeded' } };
  assert.throws(() => readAnswers(limited, [1]), /refused the whole batch.*limit exceeded/);
  assert.throws(() => readAnswers([ok], [1, 2]), /left 1 of 2 calls unanswered/);
  assert.throws(() => readAnswers([ok, ok], [1]), /answered call 1 twice/);
  assert.throws(() => readAnswers([{ id: 1, result: '0x1f' }], [1]), /no 32-byte word: 0x1f/);
  assert.throws(() => readAnswers('<html>', [1]), /refused the whole batch: <html>/);
  const failed = readAnswers([{ id: 1, ...limited }], [1]).get(1);
  assert.deepEqual(failed, { kind: 'failed', message: 'limit exceeded' });
});

test('calls carry their arguments as 32-byte words', () => {
  const { to, data } = calls.balanceOf(usdc.address, wallet);
  assert.equal(to, usdc.address);
  assert.equal(data, `0x70a08231${wallet.slice(2).padStart(64, '0')}`);
  assert.equal(calls.convertToAssets(syrup.address, 255n).data, `0x07a2d13a${'ff'.padStart(64, '0')}`);
  assert.equal(addressOf(BigInt(usdc.address)), usdc.address);
  assert.equal(addressOf(1n << 160n), undefined);
  assert.equal(parseAddress('0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'), usdc.address);
  assert.equal(parseAddress('0xA0b8'), undefined);
  for (const text of ['0x', '0x-1', '1f', 7, null]) assert.equal(parseQuantity(text), undefined);
});

test('balances are exact to the last unit, shares count what they are worth', { skip }, () => {
  const answers = readAnswers(body('rpc_calls_batch.json'), [1, 2, 3]);
  const found = holdingsOf([usdc], [syrup], new Map([[usdc.address, answers.get(3)!]]), [
    {
      wallet,
      balances: new Map([
        [usdc.address, value(49_999_999_999n)],
        [syrup.address, answers.get(1)!],
      ]),
      assets: new Map([[syrup.address, answers.get(2)!]]),
    },
  ]);
  assert.deepEqual(found, {
    holdings: [
      { poolId: null, token: 'USDC', amount: parseAmount('49999.999999') },
      { poolId: 'maple-usdc', token: 'USDC', amount: parseAmount('250004.112233') },
    ],
    warnings: [],
    unknown: [],
  });
  assert.equal(amountOfUnits(1n, 18), 1n);
  assert.equal(amountOfUnits(199n, 20), 1n);
});

test('a share that reverts is unknown, not 0; one that counts its token one for one needs no answer', () => {
  const reverted: Answer = { kind: 'reverted', message: 'execution reverted' };
  const held = (protocol: string) =>
    holdingsOf([], [{ ...syrup, protocol }], six, [
      {
        wallet,
        balances: new Map([[syrup.address, value(5_000_000n)]]),
        assets: new Map([[syrup.address, reverted]]),
      },
    ]);
  assert.deepEqual(held('maple').holdings, []);
  assert.match(held('maple').unknown[0]!, /5000000 shares of 0x80ac.* cannot be valued \(reverted/);
  assert.deepEqual(held('aave-v3').holdings, [
    { poolId: 'maple-usdc', token: 'USDC', amount: parseAmount('5') },
  ]);
  assert.deepEqual(held('aave-v3').unknown, []);
});

test('a token without a contract holds nothing, a balance that was not answered is unknown', () => {
  const ask = (answer: Answer | undefined) =>
    holdingsOf([usdc], [], six, [
      { wallet, balances: new Map(answer ? [[usdc.address, answer]] : []), assets: new Map() },
    ]);
  assert.match(ask({ kind: 'nothing' }).warnings[0]!, /USDC: there is no contract at 0xa0b8/);
  assert.deepEqual(ask({ kind: 'nothing' }).unknown, []);
  assert.match(ask({ kind: 'failed', message: 'limit exceeded' }).unknown[0]!, /limit exceeded/);
  assert.match(ask(undefined).unknown[0]!, /was not asked/);
  const noDecimals = holdingsOf([usdc], [], new Map(), [
    { wallet, balances: new Map([[usdc.address, value(1n)]]), assets: new Map() },
  ]);
  assert.match(noDecimals.unknown[0]!, /decimals of 0xa0b8.* are unknown/);
});

test('two wallets are one portfolio', () => {
  const one = { wallet, balances: new Map([[usdc.address, value(1n)]]), assets: new Map() };
  const { holdings } = holdingsOf([usdc], [], six, [
    one,
    { ...one, wallet: '0x00000000000000000000000000000000000000b2' },
  ]);
  assert.deepEqual(holdings, [{ poolId: null, token: 'USDC', amount: parseAmount('0.000002') }]);
});

test(
  'pages that repeat their boundary become one list, and events of one transaction stay apart',
  { skip },
  () => {
    const pages = [readEthplorer(body('ethplorer_p1.json')), readEthplorer(body('ethplorer_p2.json'))];
    const merged = mergePages(pages);
    assert.deepEqual(
      merged.map(({ value: units, symbol }) => [units, symbol]),
      [
        [1n, 'USDC'],
        [300_000_000_000n, 'USDC'],
        [221_700_311_402n, 'syrupUSDC'],
        [250_000_000_000n, 'USDC'],
      ],
    );
    assert.deepEqual(mergePages([...pages, ...pages]), merged);
    const twice = merged.slice(0, 1).concat(merged.slice(0, 1));
    assert.equal(mergePages([twice, merged.slice(0, 1)]).length, 2, 'one page has both');
    const logs = readLogs(body('rpc_getlogs.json'));
    assert.equal(mergePages([[...logs, ...logs], logs]).length, 1, 'a numbered event is one');
    assert.equal(logs[0]!.value, 221_700_311_402n);
  },
);

test('providers agree on the same transfers', { skip }, () => {
  const etherscan = readEtherscan(body('etherscan_tokentx.json'));
  const known = new Set([usdc.address, syrup.address]);
  const moved = (rows: Transfer[]) =>
    rows.filter(({ token }) => known.has(token)).map(({ hash, value: units }) => [hash, units]);
  const ethplorer = mergePages([
    readEthplorer(body('ethplorer_p1.json')),
    readEthplorer(body('ethplorer_p2.json')),
  ]);
  assert.deepEqual(moved(mergePages([etherscan])), moved(ethplorer));
  assert.deepEqual(
    moved(mergePages([readEtherscan(body('blockscout_tokentx.json'))])),
    moved(mergePages([etherscan])),
  );
});

test('errors that come as an answer of 200 are errors', { skip }, () => {
  assert.deepEqual(readEtherscan(body('etherscan_empty.json')), []);
  assert.throws(() => readEtherscan(body('etherscan_rate_limited_200.json')), { type: 'QuotaExceeded' });
  assert.throws(() => readEtherscan(body('etherscan_bad_key_200.json')), /Invalid API Key/);
  assert.throws(() => readEthplorer(body('ethplorer_error_403.json')), /Invalid API key/);
  assert.throws(() => readLogs(body('rpc_getlogs_range_error.json')), /limited to a 10,000 range/);
  assert.throws(() => readEthplorer({ operations: [{ type: 'transfer' }] }), /this is no transfer/);
  const lossy = { ...JSON.parse(JSON.stringify(body('etherscan_tokentx.json'))) } as {
    result: { value: unknown }[];
  };
  lossy.result[0]!.value = 2 ** 60;
  assert.throws(() => readEtherscan(lossy), /this is no transfer/);
});

test('an address is the same in any case, and a mistyped one is known by its upper case letters', () => {
  const written = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'; // of EIP-55 itself
  const lower = written.toLowerCase();
  for (const same of [written, lower, `0x${lower.slice(2).toUpperCase()}`]) {
    assert.equal(parseAddress(same), lower);
    assert.equal(checksummed(same), written);
    assert.equal(isMistyped(same), false, same);
  }
  for (const wrong of [written.replace('Aed', 'aed'), written.replace('0x5', '0x6')])
    assert.equal(isMistyped(wrong), true, wrong);
  assert.deepEqual(readSourceSettings({ SEVENFOLD_WALLETS: `${written}, ${lower}` }).wallets, [lower]);
  assert.throws(
    () => readSourceSettings({ SEVENFOLD_WALLETS: written.replace('Aed', 'aed') }),
    /^InvalidInput: SEVENFOLD_WALLETS is "0x5aAe.*aed", but must be an address whose upper case letters fit its digits \(EIP-55\)/,
  );
});

test('a log that moves no amount is no transfer, and does not spoil the page that has it', () => {
  const topic = (address: string): string => `0x${address.slice(2).padStart(64, '0')}`;
  const log = (index: number, more: Record<string, unknown>) => ({
    ...{ address: usdc.address, blockNumber: '0x10', transactionHash: '0x5c', logIndex: `0x${index}` },
    ...{ topics: [transferTopic, topic(syrup.address), topic(wallet)], data: `0x${'1'.padStart(64, '0')}` },
    ...more,
  });
  const oneOfAKind = {
    topics: [transferTopic, topic(syrup.address), topic(wallet), topic('0x07')],
    data: '0x',
  };
  const body = {
    error: null, // some nodes write it beside a result
    result: [
      log(1, oneOfAKind),
      log(2, { data: '0x' }),
      log(3, { data: `0x${'0'.repeat(128)}` }),
      log(4, {}),
    ],
  };
  assert.deepEqual(
    readLogs(body).map(({ logIndex, value: units }) => [logIndex, units]),
    [[4, 1n]],
  );
  assert.throws(() => readLogs({ result: [log(1, { data: null })] }), /this is no transfer/);
});

test('blocks that no page covers are found', () => {
  const asked = { from: 100, to: 200 };
  assert.deepEqual(gapsOf([{ from: 100, to: 200 }], asked), []);
  assert.deepEqual(gapsOf([], asked), [asked]);
  const ranges = [
    { from: 151, to: 180 },
    { from: 90, to: 120 },
    { from: 110, to: 140 },
  ];
  assert.deepEqual(gapsOf(ranges, asked), [
    { from: 141, to: 150 },
    { from: 181, to: 200 },
  ]);
  assert.deepEqual(gapsOf([{ from: 300, to: 400 }], asked), [asked]);
});

test('pages must hang together down to the last known transfer', { skip }, () => {
  const [first, second] = [
    readEthplorer(body('ethplorer_p1.json')),
    readEthplorer(body('ethplorer_p2.json')),
  ];
  const oldest = second.at(-1)!;
  // what they share is an approval: it moves nothing and joins them all the same
  assert.equal(brokenAt([first, second], oldest), null);
  assert.equal(brokenAt([first, second.slice(1)], oldest), 1_795_030_007, 'something may lie between');
  assert.equal(brokenAt([first], oldest), 1_795_030_007, 'the last known one was not reached');
  assert.equal(brokenAt([first, second], null), null);
  assert.equal(brokenAt([[]], oldest), 1_794_900_000);
});

function day(changes: Partial<DayOnChain> = {}): DayOnChain {
  return {
    wallets: [wallet],
    tokens: [usdc],
    pools: [syrup],
    decimals: new Map([[usdc.address, 6]]),
    booked: [],
    chain: [
      { poolId: null, token: 'USDC', amount: parseAmount('49999.999999') },
      { poolId: 'maple-usdc', token: 'USDC', amount: parseAmount('250004.112233') },
    ],
    transfers: mergePages([readEtherscan(body('etherscan_tokentx.json'))]),
    ...changes,
  };
}

test('the books meet the chain: deposits, the move into a pool, and what it earned', { skip }, () => {
  const { balances, unexplained, lookAlikes } = reconcile(day());
  assert.deepEqual(balances, [
    { poolId: null, token: 'USDC', carried: 0n, accrued: 0n, flow: parseAmount('49999.999999') },
    {
      poolId: 'maple-usdc',
      token: 'USDC',
      carried: 0n,
      accrued: parseAmount('4.112233'),
      flow: parseAmount('250000'),
    },
  ]);
  assert.deepEqual(unexplained, []);
  assert.deepEqual(
    lookAlikes.map(({ symbol, token }) => [symbol, token]),
    [['USDC', '0x00000000000000000000000000000000000000e5']],
  );
});

test('money that neither books nor transfers explain is shown, and the chain is right', { skip }, () => {
  const booked = [{ poolId: null, token: 'USDC', amount: parseAmount('10') }];
  const { balances, unexplained } = reconcile(day({ booked }));
  assert.deepEqual(unexplained, [{ token: 'USDC', amount: parseAmount('-10') }]);
  const [idle] = balances;
  assert.equal(idle!.carried + idle!.accrued + idle!.flow, parseAmount('49999.999999'));
});

test('a position that the wallet left is 0, with what it lost', { skip }, () => {
  const booked = [{ poolId: 'maple-usdc', token: 'USDC', amount: parseAmount('7') }];
  const { balances } = reconcile(day({ booked, chain: [], transfers: [] }));
  assert.deepEqual(balances, [
    { poolId: 'maple-usdc', token: 'USDC', carried: parseAmount('7'), accrued: parseAmount('-7'), flow: 0n },
  ]);
});

test('moves between our own wallets are none, and a deposit through a router is one', { skip }, () => {
  const [base] = mergePages([readEtherscan(body('etherscan_tokentx.json'))]);
  const other = '0x00000000000000000000000000000000000000b2';
  const router = '0x00000000000000000000000000000000000000f0';
  const transfers = [
    { ...base!, hash: '0x1', from: wallet, to: other, value: 5n },
    { ...base!, hash: '0x2', from: wallet, to: router, value: 3_000_000n },
    { ...base!, hash: '0x2', token: syrup.address, symbol: 'syrupUSDC', from: router, to: wallet, value: 2n },
  ];
  const chain = [{ poolId: 'maple-usdc', token: 'USDC', amount: parseAmount('3') }];
  const booked = [{ poolId: null, token: 'USDC', amount: parseAmount('3') }];
  const { balances, unexplained } = reconcile(day({ wallets: [wallet, other], booked, chain, transfers }));
  assert.deepEqual(unexplained, []);
  assert.deepEqual(balances, [
    { poolId: null, token: 'USDC', carried: parseAmount('3'), accrued: 0n, flow: parseAmount('-3') },
    { poolId: 'maple-usdc', token: 'USDC', carried: 0n, accrued: 0n, flow: parseAmount('3') },
  ]);
  assert.throws(() => reconcile(day({ decimals: new Map() })), /decimals of 0xa0b8.* are unknown/);
});
