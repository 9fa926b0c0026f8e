import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount, parseAmount } from '../../../src/pools/portfolio/amounts.ts';
import { openFirst, openNext, total } from '../../../src/pools/portfolio/opening.ts';
import type { Flow, Holding, Opening } from '../../../src/pools/portfolio/opening.ts';

const flow = (line: number, date: string, direction: 'in' | 'out', amount: string, token = 'USDC'): Flow => ({
  line,
  date,
  token,
  amount: parseAmount(amount),
  direction,
});
const holding = (poolId: string | null, amount: string, token = 'USDC'): Holding => ({
  poolId,
  token,
  amount: parseAmount(amount),
});
const shown = ({ balances }: Opening) =>
  Object.fromEntries(
    balances.map((balance) => [
      `${balance.poolId ?? 'wallet'} ${balance.token}`,
      formatAmount(total(balance)),
    ]),
  );

const days = { previous: '2026-01-29', date: '2026-01-31' };
const noYield = () => 0;

test('the first day opens with a million USDC and what was paid in before', () => {
  const opening = openFirst([
    flow(1, '2025-01-01', 'in', '5', 'DAI'),
    flow(2, '2026-01-01', 'out', '250000'),
  ]);
  assert.deepEqual(shown(opening), { 'wallet DAI': '5', 'wallet USDC': '750000' });
});

test('yield is simple within a day and compounds from day to day, in pools only', () => {
  const opening = openNext(days, [holding('a', '1000'), holding(null, '1000')], [], () => 36.5);
  assert.deepEqual(shown(opening), { 'a USDC': '1002.001', 'wallet USDC': '1000' });
  const [position] = opening.balances.filter(({ poolId }) => poolId === 'a');
  assert.deepEqual([position!.carried, position!.accrued], [parseAmount('1000'), parseAmount('2.001')]);
});

test('an unknown APY earns nothing and is named, day by day', () => {
  const opening = openNext(days, [holding('a', '1000'), holding('b', '10')], [], (poolId, day) =>
    poolId === 'a' && day === '2026-01-30' ? undefined : 36.5,
  );
  assert.deepEqual(shown(opening), { 'a USDC': '1001', 'b USDC': '10.02001' });
  assert.deepEqual(opening.withoutApy, [{ poolId: 'a', date: '2026-01-30' }]);
});

test('a loss of more than everything leaves nothing, not less than nothing', () => {
  assert.deepEqual(shown(openNext(days, [holding('a', '7')], [], () => -1e9)), { 'a USDC': '0' });
});

test('what comes in on a day is there for what goes out on it, whatever the order of the lines', () => {
  const opening = openNext(
    days,
    [],
    [flow(1, '2026-01-30', 'out', '40'), flow(2, '2026-01-30', 'in', '100')],
    noYield,
  );
  assert.deepEqual(shown(opening), { 'wallet USDC': '60' });
});

test('a withdrawal takes the wallet first, then the largest position, and the yield is reckoned on the rest', () => {
  const opening = openNext(
    days,
    [holding(null, '10'), holding('small', '100'), holding('large', '1000')],
    [flow(1, '2026-01-29', 'out', '510')],
    () => 36.5,
  );
  // a day's yield on 1,000, then 500 taken, then a day's yield on 501
  assert.deepEqual(shown(opening), { 'large USDC': '501.501', 'small USDC': '100.2001', 'wallet USDC': '0' });
});

test('spending what is not there names the line, the day, the amount and what is there', () => {
  assert.throws(
    () => openNext(days, [holding('a', '3', 'DAI')], [flow(9, '2026-01-30', 'out', '3.5', 'DAI')], noYield),
    {
      type: 'InvalidInput',
      message:
        'transactions.csv line 9: 3.5 DAI go out on 2026-01-30, but the portfolio holds 3 DAI then. Correct the file; nothing was written.',
    },
  );
});

test('an APY without end in decimals is booked to the last counted digit', () => {
  const opening = openNext(
    { previous: '2026-01-30', date: '2026-01-31' },
    [holding('a', '1')],
    [],
    () => 100 / 3,
  );
  assert.deepEqual(shown(opening), { 'a USDC': '1.00091324200913241' });
});
