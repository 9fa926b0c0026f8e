import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DailyReport } from '../../../../src/kinds/daily/page/data.ts';
import { renderDailyReport } from '../../../../src/kinds/daily/page/report.ts';
import { slackMessage } from '../../../../src/kinds/daily/slack-message.ts';
import { reportData } from './report-data.ts';

const place = { poolId: null, symbol: null, token: 'USDC', proposed: null };
const onchain: NonNullable<DailyReport['onchain']> = {
  ...{ block: 26_440_075, at: '2026-11-20 00:15:00', wallets: ['0xa1'], booksOf: '2026-11-19' },
  ...{ transfers: 4, unreconciled: null, unexplained: [], lookAlikes: [] },
  places: [
    { ...place, booked: 750_000.000001, moved: 900, earned: 0, onChain: 750_900.000001, proposed: 100 },
    {
      ...place,
      poolId: 'pool-aave',
      symbol: 'vUSDC',
      booked: 251_000,
      moved: 100,
      earned: 12.5,
      onChain: 251_112.5,
    },
  ],
};
const approval: NonNullable<DailyReport['approval']> = {
  ...{ state: 'rejected', transactions: 3, decidedBy: 'ann <b>', reason: 'too much in one pool' },
  ...{ proposedAt: new Date(0), expiresAt: new Date(0), decidedAt: new Date(0) },
};
const providers: DailyReport['providers'] = [
  {
    ...{ source: 'nyfed', state: 'aged', required: false, keysDue: 2, keysStored: 0 },
    ...{ lastGood: '2026-11-18', downSince: '2026-11-19', message: 'HTTP 503 "<html>"' },
  },
];

const textOf = (change: Partial<DailyReport>): string =>
  renderDailyReport(reportData(change))
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

test('holds what the chain says against the books and the proposal, place by place', () => {
  const text = textOf({ onchain });
  assert.match(text, /Balances of 1 wallet at block 26440075 \(2026-11-20 00:15:00 UTC\)/);
  assert.match(text, /wallet USDC 750,000\.00 900\.00 0\.000000 750,900\.00 100\.00/);
  assert.match(text, /vUSDC pool-aav USDC 251,000\.00 100\.00 12\.50 251,112\.50 –/);
  assert.match(text, /Reconciled 4 transfers and what pools earned lead from the books to the chain/);
  assert.doesNotMatch(textOf({}), /Balances of/);
});

test('names what nobody can explain, look-alikes by their contract, and why nothing was reconciled', () => {
  const odd = textOf({
    onchain: {
      ...onchain,
      unexplained: [{ token: 'USDC', amount: '5' }],
      lookAlikes: [{ token: '0xe5', hash: '0xd2', symbol: '<script>' }],
    },
  });
  assert.match(odd, /Unexplained 5 USDC by no transfer/);
  assert.match(odd, /Look-alike &lt;script&gt; of contract 0xe5 in transaction 0xd2: not counted/);
  assert.doesNotMatch(odd, /Reconciled/);
  const gap = textOf({
    onchain: { ...onchain, unreconciled: 'transfers are missing: blocks of 0xa1 1 to 9' },
  });
  assert.match(gap, /Not reconciled transfers are missing: blocks of 0xa1 1 to 9/);
});

test('says what became of the proposal and which providers are not of today, escaped, on the page and in the message', () => {
  const text = textOf({ onchain, approval, providers });
  assert.match(text, /Proposal the proposal was rejected by ann &lt;b&gt;: too much in one pool\./);
  assert.match(text, /nyfed . aged 2 0 2026-11-18 2026-11-19 HTTP 503 &quot;&lt;html&gt;&quot;/);
  const message = JSON.stringify(slackMessage(reportData({ onchain, approval, providers }), 'complete'));
  assert.match(message, /\*Approval\*: the proposal was rejected by ann &lt;b&gt;: too much in one pool/);
  assert.match(message, /\*Sources\*: nyfed aged since 2026-11-19/);
});
