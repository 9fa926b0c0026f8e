/**
 * The allocation as a mixed integer linear programme. Everything is in dollars, so that prices and units cancel out: a
 * conversion carries value, a pool of several tokens is one position.
 *
 * For pool i with value a_i: d_i is paid in (its tokens in equal value), w_i taken out (the same share of each token held),
 * V_i = a_i + d_i - w_i. For token j with value b_j in the wallet: c_jk is converted into k, g_j pays for gas.
 *
 *   maximise   sum V_i * yield_i - gas - rate * sum c_jk - penalty * s
 *   wallet     b_j + sum_i w_i * share_ij + (1 - rate) * sum_k c_kj - sum_k c_jk - sum_i d_i / n_i - g_j >= 0
 *   gas        sum_j g_j = the cost of every transaction that is made
 *   position   floor_i * h_i <= V_i <= cap_i * h_i
 *   group      sum of V_i <= the group's cap
 *   spread     sum h_i + s >= min_pools
 *
 * A transaction is made (its binary is 1) when anything moves: each bound that links the two is the true upper bound of
 * that very move, because a loose one lets small amounts move unpaid within the solver's tolerance.
 */
import { MilpBuilder } from './milp.ts';
import type { Milp, Term } from './milp.ts';
import { dustUsd, groupIndex, poolsWanted } from './problem.ts';
import type { AllocationProblem, Bounds } from './problem.ts';

/** What is to be moved, in dollars. */
export interface Moves {
  /** In the order of the problem's pools. */
  withdrawUsd: number[];
  depositUsd: number[];
  /** `from` and `to` are numbers of the problem's tokens. */
  conversions: { from: number; to: number; usd: number }[];
  /** What each token of the wallet pays for gas, in the order of the problem's tokens. */
  gasUsd: number[];
}

export interface AllocationModel {
  milp: Milp;
  /** Dollars for one unit of the objective. */
  unitUsd: number;
  /** Reads the moves out of a solution. */
  movesOf: (values: readonly number[]) => Moves;
}

/** All amounts are in ten-thousandths of the assets, so that every portfolio looks alike to the solver's tolerances. */
const unitsOfAssets = 10_000;

/** Builds the programme; the portfolio must be worth something. */
export function buildModel(problem: AllocationProblem, bounds: Bounds): AllocationModel {
  const { limits, tokens, gasUsd } = problem;
  const unitUsd = bounds.assetsUsd / unitsOfAssets;
  const units = (usd: number) => usd / unitUsd;
  const builder = new MilpBuilder();
  const numberOf = new Map(tokens.map(({ symbol }, number) => [symbol, number]));
  const balances: Term[][] = tokens.map(() => []);
  const bill: Term[] = [];
  let billUsd = 0;

  /** A move of 0 or of at least `leastUsd` and at most `mostUsd`, and the transactions that it takes. */
  const move = (leastUsd: number, mostUsd: number, costPerUnit: number, feeUsd: number, must = false) => {
    const amount = builder.variable(0, units(mostUsd), costPerUnit);
    const made = builder.binary(-units(feeUsd), must ? 1 : undefined);
    builder.row(-Infinity, [[amount, 1], [made, -units(mostUsd)]], 0); // prettier-ignore
    if (leastUsd > 0) builder.row(0, [[amount, 1], [made, -units(leastUsd)]], Infinity); // prettier-ignore
    bill.push([made, -units(feeUsd)]);
    billUsd += feeUsd;
    return { amount, made };
  };

  // What each token can bring (from the wallet and out of pools), and how much of it pools can take.
  const supplyUsd = bounds.idleUsd.slice();
  const demandUsd = tokens.map(() => 0);
  const groups: Term[][] = [[], [], []];
  const groupRoomUsd: number[] = [...bounds.groupCapsUsd];
  const open: Term[] = [];
  let held = 0;

  const pools = bounds.pools.map((bound) => {
    const { pool, valueUsd, heldUsd, capUsd, outUsd, floorUsd, leastUsd, depositUsd, yieldPerDollar } = bound;
    const change: Term[] = [];
    const mustUsd = Math.max(0, valueUsd - capUsd);
    const legs = heldUsd.filter((usd) => usd > 0).length;
    const withdrawal =
      outUsd > 0 ? move(mustUsd, outUsd, -yieldPerDollar, gasUsd.withdrawal * legs, mustUsd > 0) : undefined;
    if (withdrawal) {
      change.push([withdrawal.amount, -1]);
      for (const [leg, { token }] of pool.held.entries()) {
        const number = numberOf.get(token)!;
        if (heldUsd[leg]! > 0) balances[number]!.push([withdrawal.amount, heldUsd[leg]! / valueUsd]);
        supplyUsd[number]! += heldUsd[leg]! * (outUsd / valueUsd);
      }
    }
    const deposit =
      depositUsd > 0
        ? move(leastUsd, depositUsd, yieldPerDollar, gasUsd.deposit * pool.accepts.length)
        : undefined;
    if (deposit) {
      change.push([deposit.amount, 1]);
      for (const token of pool.accepts) {
        const number = numberOf.get(token)!;
        balances[number]!.push([deposit.amount, -1 / pool.accepts.length]);
        demandUsd[number]! += depositUsd / pool.accepts.length;
      }
    }
    if (withdrawal && capUsd > 0) {
      const holds = builder.binary();
      builder.row(-Infinity, [...change, [holds, -units(capUsd)]], -units(valueUsd));
      builder.row(-units(valueUsd), [...change, [holds, -units(floorUsd)]], Infinity);
      if (deposit) builder.row(-Infinity, [[deposit.made, 1], [withdrawal.made, 1]], 1); // prettier-ignore
      open.push([holds, 1]);
    } else if (valueUsd > 0 && !withdrawal) {
      held += 1; // whatever is decided: nothing can be taken out of it
    } else if (deposit) {
      open.push([deposit.made, 1]);
    }
    const group = groupIndex(pool.group);
    groups[group]!.push(...change);
    groupRoomUsd[group]! -= valueUsd;
    builder.milp.offset += yieldPerDollar * units(valueUsd);
    return { withdrawal, deposit };
  });

  // Money goes from tokens that there are to tokens that are wanted, or to where it joins what is converted anyway. Such
  // a detour saves one transaction and costs one fee: no more takes it than what makes the two equal.
  const detoursUsd =
    limits.conversionRate > 0 ? (gasUsd.conversion / limits.conversionRate) * tokens.length : Infinity;
  const free = [...tokens.keys()].filter((j) => tokens[j]!.frozen !== true);
  const sources = free.filter((j) => supplyUsd[j]! >= dustUsd);
  const targets = free.filter((k) => demandUsd[k]! > 0 || supplyUsd[k]! >= dustUsd);
  const poolsBillUsd = billUsd + gasUsd.conversion * sources.length * targets.length;
  const into: Term[][] = tokens.map(() => []);
  const conversions = sources.flatMap((from) =>
    targets
      .filter((to) => to !== from)
      .map((to) => {
        const wantedUsd = (demandUsd[to]! + poolsBillUsd + detoursUsd) / (1 - limits.conversionRate);
        const mostUsd = Math.min(supplyUsd[from]! + detoursUsd, wantedUsd, bounds.assetsUsd);
        const { amount, made } = move(0, mostUsd, -limits.conversionRate, gasUsd.conversion);
        balances[from]!.push([amount, -1]);
        balances[to]!.push([amount, 1 - limits.conversionRate]);
        into[to]!.push([made, 1]);
        return { from, to, amount };
      }),
  );
  // Said once more, because it is what the relaxation does not see: a position that its token alone cannot open needs a
  // conversion into that token.
  for (const [i, { pool, floorUsd, valueUsd }] of bounds.pools.entries()) {
    const { deposit } = pools[i]!;
    if (!deposit || valueUsd > 0) continue;
    for (const token of pool.accepts) {
      const number = numberOf.get(token)!;
      if (supplyUsd[number]! < floorUsd / pool.accepts.length)
        builder.row(0, [...into[number]!, [deposit.made, -1]], Infinity);
    }
  }

  const payers = tokens.map((_, j) => {
    if (supplyUsd[j]! < dustUsd) return undefined;
    const pays = builder.variable(0, units(Math.min(supplyUsd[j]! + detoursUsd, billUsd)));
    balances[j]!.push([pays, -1]);
    return pays;
  });
  bill.push(...payers.flatMap((column): Term[] => (column === undefined ? [] : [[column, 1]])));
  builder.row(0, bill, 0);
  for (const [j, terms] of balances.entries()) {
    if (terms.length > 0) builder.row(-units(bounds.idleUsd[j]!), terms, Infinity);
  }
  for (const [group, terms] of groups.entries()) {
    if (terms.length > 0) builder.row(-Infinity, terms, units(groupRoomUsd[group]!));
  }
  const wanted = poolsWanted(problem, bounds) - held;
  if (wanted > 0) {
    const penalty = limits.minPoolsPenaltyPct * unitsOfAssets;
    const short = builder.variable(0, wanted, -penalty);
    builder.row(wanted, [...open, [short, 1]], Infinity);
  }

  return {
    milp: builder.milp,
    unitUsd,
    movesOf(values) {
      const usd = (column: number | undefined) => (column === undefined ? 0 : values[column]! * unitUsd);
      return {
        withdrawUsd: pools.map(({ withdrawal }) => usd(withdrawal?.amount)),
        depositUsd: pools.map(({ deposit }) => usd(deposit?.amount)),
        conversions: conversions
          .map(({ from, to, amount }) => ({ from, to, usd: usd(amount) }))
          .filter((conversion) => conversion.usd > 0),
        gasUsd: payers.map(usd),
      };
    },
  };
}
