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
}

/**
 * The prices of a day. A stablecoin whose close is too old counts 1.0, because its peg says more than a price of last
 * month; a token whose price grows with its interest, or that has no peg, keeps its last close. Without any close every
 * token counts 1.0. Sources write sUSDe where the list has SUSDE: symbols are compared without regard to case.
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
  const pegged = new Set(
    approvedTokens.filter(({ yieldBearing }) => !yieldBearing).map(({ symbol }) => symbol.toLowerCase()),
  );
  return new Map(
    [...tokens].map((token) => [
      token,
      priceFrom(date, newest.get(token.toLowerCase()), pegged.has(token.toLowerCase())),
    ]),
  );
}

function priceFrom(date: Day, close: Close | undefined, pegged: boolean): TokenPrice {
  if (close === undefined) return { price: oneDollar, date: null, warning: 'no price: counts 1.0' };
  const price = priceOf(close.close);
  if (daysBetween(close.date, date) <= staleAfterDays) return { price, date: close.date, warning: null };
  if (pegged)
    return { price: oneDollar, date: null, warning: `newest price is of ${close.date}: counts 1.0` };
  return { price, date: close.date, warning: `newest price is of ${close.date}` };
}

/** Of two spellings of one token on one day the first in the alphabet is believed. */
function isNewer(a: Close, b: Close): boolean {
  return a.date > b.date || (a.date === b.date && a.symbol < b.symbol);
}
