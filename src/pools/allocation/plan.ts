/**
 * From dollars to transactions: the solver's moves are turned into whole numbers of the smallest unit, in which every
 * token is conserved exactly, whatever the solver's tolerances left over.
 */
import {
  amountFor,
  dollarsOf,
  formatAmount,
  parseAmount,
  parsePrice,
  shareOf,
  valueOf,
  valueOfDollars,
} from '../portfolio/amounts.ts';
import type { Amount, Price, Value } from '../portfolio/amounts.ts';
import type { Moves } from './model.ts';
import { dustUsd } from './problem.ts';
import type { AllocationProblem, Bounds } from './problem.ts';

export type Operation = 'HOLD' | 'WITHDRAWAL' | 'CONVERSION' | 'ALLOCATION';

export interface Step {
  operation: Operation;
  poolId: string | null;
  fromAsset: string;
  toAsset: string;
  /** In units of fromAsset. */
  amount: Amount;
  /** In units of toAsset. */
  received: Amount;
  /** Value of the amount, before any cost. */
  value: Value;
  gas: Value;
  conversionFee: Value;
  /** Which tokens of the wallet paid the gas. */
  gasPaid: Map<string, Amount>;
}

export interface Position {
  /** null is the wallet. */
  poolId: string | null;
  token: string;
  amount: Amount;
  price: Price;
}

export interface Plan {
  /** In the order in which they are to be made. */
  steps: Step[];
  /** What is held afterwards. */
  positions: Position[];
  before: Value;
  after: Value;
  gas: Value;
  conversionFees: Value;
}

export const noMoves: Moves = { withdrawUsd: [], depositUsd: [], conversions: [], gasUsd: [] };

/** Less than this stays nowhere by accident: it is what rounding leaves, and goes where the rest of the token goes. */
const crumbUsd = 0.001;

/** The transactions of these moves; throws when the moves spend more than there is by a cent or more. */
export function makePlan(problem: AllocationProblem, bounds: Bounds, moves: Moves): Plan {
  const prices = new Map(problem.tokens.map(({ symbol, price }) => [symbol, parsePrice(price)]));
  const priceOf = (token: string) => prices.get(token)!;
  const wallet = new Map(problem.tokens.map(({ symbol, idle }) => [symbol, parseAmount(idle)]));
  const add = (token: string, amount: Amount) => wallet.set(token, (wallet.get(token) ?? 0n) + amount);
  const gasOf = {
    WITHDRAWAL: valueOfDollars(problem.gasUsd.withdrawal),
    CONVERSION: valueOfDollars(problem.gasUsd.conversion),
    ALLOCATION: valueOfDollars(problem.gasUsd.deposit),
  };
  const step = (
    operation: Operation,
    poolId: string | null,
    token: string,
    amount: Amount,
    into: Pick<Step, 'toAsset' | 'received' | 'conversionFee'> = {
      toAsset: token,
      received: amount,
      conversionFee: 0n,
    },
  ): Step => ({
    operation,
    poolId,
    fromAsset: token,
    amount,
    value: valueOf(amount, priceOf(token)),
    gas: operation === 'HOLD' ? 0n : gasOf[operation],
    gasPaid: new Map(),
    ...into,
  });

  const holds: Step[] = [];
  const withdrawals: Step[] = [];
  for (const [i, { pool, valueUsd }] of bounds.pools.entries()) {
    const usd = moves.withdrawUsd[i] ?? 0;
    const everything = usd > 0 && valueUsd - usd < dustUsd;
    for (const { token, amount: text } of pool.held) {
      const held = parseAmount(text);
      const out = usd < crumbUsd && !everything ? 0n : everything ? held : shareOf(held, usd / valueUsd);
      if (out > 0n) {
        withdrawals.push(step('WITHDRAWAL', pool.poolId, token, out));
        add(token, out);
      }
      if (held > out) holds.push(step('HOLD', pool.poolId, token, held - out));
    }
  }

  const rate = parseAmount(problem.limits.conversionRate.toFixed(18));
  const conversions = inOrder(
    withoutCircles(
      moves.conversions.filter(({ usd }) => usd >= crumbUsd),
      problem.limits.conversionRate,
    ),
  )
    .map(({ from, to, usd }) => {
      const [source, target] = [problem.tokens[from]!.symbol, problem.tokens[to]!.symbol];
      const wanted = amountFor(valueOfDollars(usd), priceOf(source));
      const amount = wanted < wallet.get(source)! ? wanted : wallet.get(source)!;
      const value = valueOf(amount, priceOf(source));
      const conversionFee = (value * rate) / 10n ** 18n;
      const received = amountFor(value - conversionFee, priceOf(target));
      add(source, -amount);
      add(target, received);
      return step('CONVERSION', null, source, amount, { toAsset: target, received, conversionFee });
    })
    .filter(({ received }) => received > 0n);

  const allocations: Step[] = [];
  for (const [i, { pool }] of bounds.pools.entries()) {
    const usd = moves.depositUsd[i] ?? 0;
    if (usd < crumbUsd) continue;
    for (const token of pool.accepts) {
      const amount = amountFor(valueOfDollars(usd / pool.accepts.length), priceOf(token));
      allocations.push(step('ALLOCATION', pool.poolId, token, amount));
      add(token, -amount);
    }
  }

  const paid = [...withdrawals, ...conversions, ...allocations];
  payGas(paid, problem, moves, wallet, prices);
  settle(allocations, wallet, prices);

  const positions = new Map<string, Position>();
  const put = (poolId: string | null, token: string, amount: Amount) => {
    const key = JSON.stringify([poolId, token]);
    const position = positions.get(key) ?? { poolId, token, amount: 0n, price: priceOf(token) };
    positions.set(key, { ...position, amount: position.amount + amount });
  };
  for (const { poolId, fromAsset, amount } of [...holds, ...allocations]) put(poolId, fromAsset, amount);
  for (const [token, amount] of wallet) if (amount > 0n) put(null, token, amount);

  const steps = [...holds, ...paid];
  const before =
    total(problem.tokens.map(({ symbol, idle }) => valueOf(parseAmount(idle), priceOf(symbol)))) +
    total([...holds, ...withdrawals].map(({ value }) => value));
  return {
    steps,
    positions: [...positions.values()],
    before,
    after: total([...positions.values()].map(({ amount, price }) => valueOf(amount, price))),
    gas: total(steps.map(({ gas }) => gas)),
    conversionFees: total(steps.map(({ conversionFee }) => conversionFee)),
  };
}

/** The same plan with what the day could not decide on: it is held where it is, and counts before and after. */
export function withUntouched(plan: Plan, untouched: readonly Position[]): Plan {
  const value = total(untouched.map(({ amount, price }) => valueOf(amount, price)));
  return {
    ...plan,
    positions: [...plan.positions, ...untouched],
    before: plan.before + value,
    after: plan.after + value,
  };
}

/**
 * Conversions that lead around in a circle are taken back: the optimum has none where conversions cost, but may where they
 * do not, and what is found before the optimum may anyway. The token at which a circle begins keeps its fees.
 */
function withoutCircles(conversions: Moves['conversions'], rate: number): Moves['conversions'] {
  let left = conversions;
  for (let circle = circleIn(left); circle !== undefined; circle = circleIn(left)) {
    const around = circle.map((conversion, i) => ({ conversion, share: (1 - rate) ** i }));
    const usd = Math.min(...around.map(({ conversion, share }) => conversion.usd / share));
    const taken = new Map(around.map(({ conversion, share }) => [conversion, usd * share]));
    left = left
      .map((conversion) => ({ ...conversion, usd: conversion.usd - (taken.get(conversion) ?? 0) }))
      .filter((conversion) => conversion.usd >= crumbUsd);
  }
  return left;
}

function circleIn(conversions: Moves['conversions']): Moves['conversions'] | undefined {
  const follow = (path: Moves['conversions']): Moves['conversions'] | undefined => {
    const { to } = path.at(-1)!;
    const begin = path.findIndex(({ from }) => from === to);
    if (begin >= 0) return path.slice(begin);
    for (const next of conversions.filter(({ from }) => from === to)) {
      const circle = follow([...path, next]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const conversion of conversions) {
    const circle = follow([conversion]);
    if (circle) return circle;
  }
  return undefined;
}

/** Tokens are converted into before they are converted out of, so that the wallet has what a step spends. */
function inOrder(conversions: Moves['conversions']): Moves['conversions'] {
  const rest = new Set(conversions);
  const ordered: Moves['conversions'] = [];
  while (rest.size > 0) {
    const fed = new Set([...rest].map(({ to }) => to));
    for (const conversion of [...rest].filter(({ from }) => !fed.has(from))) {
      ordered.push(conversion);
      rest.delete(conversion);
    }
  }
  return ordered;
}

/**
 * Takes each step's gas out of the tokens that the moves chose to pay with: the step's own first, then in the order of
 * the problem. What rounding leaves unpaid comes from the token of which there is most to give.
 */
function payGas(
  steps: readonly Step[],
  problem: AllocationProblem,
  moves: Moves,
  wallet: Map<string, Amount>,
  prices: ReadonlyMap<string, Price>,
): void {
  // A deposit can give way by a crumb (see settle); a token without one pays no more than lies in the wallet.
  const deposited = new Map<string, Amount>();
  for (const { operation, fromAsset, amount } of steps) {
    if (operation === 'ALLOCATION') deposited.set(fromAsset, (deposited.get(fromAsset) ?? 0n) + amount);
  }
  const spare = (token: string) =>
    valueOf(wallet.get(token)! + (deposited.get(token) ?? 0n), prices.get(token)!);
  const pay = (step: Step, token: string, value: Value) => {
    const price = prices.get(token)!;
    const amount = (value + price - 1n) / price;
    step.gasPaid.set(token, (step.gasPaid.get(token) ?? 0n) + amount);
    wallet.set(token, wallet.get(token)! - amount);
  };
  const budgets = new Map(
    problem.tokens.map(({ symbol }, i) => [symbol, valueOfDollars(moves.gasUsd[i] ?? 0)]),
  );
  for (const step of steps) {
    let due = step.gas;
    for (const token of [step.toAsset, step.fromAsset, ...budgets.keys()]) {
      const share = least(budgets.get(token)!, due, spare(token));
      if (share <= 0n) continue;
      pay(step, token, share);
      budgets.set(token, budgets.get(token)! - share);
      due -= share;
    }
    if (due > 0n) {
      const richest = [...wallet.keys()].reduce((most, token) => (spare(token) > spare(most) ? token : most));
      pay(step, richest, due);
    }
  }
}

/** What rounding left or lacks in the wallet goes into or comes out of the largest deposit of that token. */
function settle(
  allocations: readonly Step[],
  wallet: Map<string, Amount>,
  prices: ReadonlyMap<string, Price>,
): void {
  for (const [token, left] of wallet) {
    const price = prices.get(token)!;
    const usd = dollarsOf(valueOf(left, price));
    if (left === 0n || usd >= crumbUsd) continue;
    const largest = allocations
      .filter(({ fromAsset }) => fromAsset === token)
      .reduce<Step | undefined>(
        (most, step) => (most && most.amount >= step.amount ? most : step),
        undefined,
      );
    if (usd <= -dustUsd || (left < 0n && (!largest || largest.amount <= -left))) {
      throw new Error(`the moves spend ${formatAmount(-left)} ${token} more than there is`);
    }
    if (!largest) continue;
    largest.amount += left;
    largest.received = largest.amount;
    largest.value = valueOf(largest.amount, price);
    wallet.set(token, 0n);
  }
}

function total(values: readonly Value[]): Value {
  return values.reduce((sum, value) => sum + value, 0n);
}

function least(...values: Value[]): Value {
  return values.reduce((smallest, value) => (value < smallest ? value : smallest));
}
