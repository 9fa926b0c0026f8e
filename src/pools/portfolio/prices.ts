import { daysBetween } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { staleAfterDays } from '../icebox.ts';
import type { ApprovedToken } from '../settings.ts';
import { oneDollar, priceOf } from './amounts.ts';
import type { Price } from './amounts.ts';

/** The newest close of a token before the day; a close of 0 is not a price. */
export interface Close {
  symbol: string;
  date: Day;
  close: number;
}

export interface TokenPrice {
  price: Price;
  /** The day of the close; null where 1.0 stands in for it. */
  date: Day | null;
  /** What is wrong with it, if anything, in a few words. */
  warning: string | null;
  /** False where nobody knows what a token is worth: it is neither exchanged nor spent on gas, and counts `price`. */
  tradable: boolean;
}

/**
 * The prices of a day. A stablecoin whose close is too old counts 1.0, because its peg says more than a price of last
 * month; without any close as well. A token whose price grows with its interest keeps its last one. Every other token
 * is worth what nobody knows without a price of these days: ten WETH are not ten dollars, so they stay untouched.
 * Sources write sUSDe where the list has SUSDE: symbols are compared without regard to case.
 */
export function pricesOn(
  date: Day,
  tokens: Iterable<string>,
  closes: readonly Close[],
  approvedTokens: readonly ApprovedToken[],
): Map<string, TokenPrice> {
  const newest = new Map<string, Close>();
  for (const close of closes) {
    const known = newest.get(close.symbol.toLowerCase());
    const usable = close.date < date && close.close > 0 && priceOf(close.close) > 0n;
    if (usable && (known === undefined || isNewer(close, known)))
      newest.set(close.symbol.toLowerCase(), close);
  }
  const approved = new Map(approvedTokens.map((token) => [token.symbol.toLowerCase(), token]));
  return new Map(
    [...tokens].map((token) => [
      token,
      priceFrom(date, newest.get(token.toLowerCase()), approved.get(token.toLowerCase())),
    ]),
  );
}

function priceFrom(date: Day, close: Close | undefined, approved: ApprovedToken | undefined): TokenPrice {
  const pegged = approved?.yieldBearing === false;
  if (close === undefined) {
    return pegged
      ? { price: oneDollar, date: null, warning: 'no price: counts 1.0', tradable: true }
      : { price: 0n, date: null, warning: 'no price: counts nothing and stays untouched', tradable: false };
  }
  const price = priceOf(close.close);
  if (daysBetween(close.date, date) <= staleAfterDays)
    return { price, date: close.date, warning: null, tradable: true };
  const old = `newest price is of ${close.date}`;
  if (pegged) return { price: oneDollar, date: null, warning: `${old}: counts 1.0`, tradable: true };
  if (approved) return { price, date: close.date, warning: old, tradable: true };
  return { price, date: close.date, warning: `${old}: stays untouched`, tradable: false };
}

/** Where a token has two spellings on one day, the first in the alphabet counts. */
function isNewer(a: Close, b: Close): boolean {
  return a.date > b.date || (a.date === b.date && a.symbol < b.symbol);
}
