/**
 * The icebox: approved tokens that lost their peg lately. It has no memory of its own: every run replays it from the
 * daily candles up to the day before, so that replaying a day gives the same result.
 */
import { addDays, daysBetween } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';
import type { ApprovedToken, PoolParameters } from './settings.ts';

export interface Candle {
  /** Matched to the approved list without regard to case: sources write sUSDe, the list SUSDE. */
  symbol: string;
  date: Day;
  low: number | null;
  close: number;
}

export type IceboxLimits = Pick<PoolParameters, Extract<keyof PoolParameters, `icebox_${string}`>>;

export interface IceboxedToken {
  symbol: string;
  /** The day whose candle put it there. */
  since: Day;
  reason: string;
}

export interface Icebox {
  tokens: IceboxedToken[];
  /** Prices too old to believe: they count 1.0, and neither fire nor recover. */
  stale: { symbol: string; newest: Day }[];
  /** Approved tokens without any candle: they count 1.0 as well. */
  unpriced: string[];
}

/** In days; an older price is ignored. */
export const staleAfterDays = 3;
/** A token that earns interest has no peg of 1: its reference is the median close of this many days before. */
const referenceDays = 30;

/** The icebox on run date `date`, by symbol; candles of that day and later are not looked at. */
export function iceboxOn(
  date: Day,
  candles: readonly Candle[],
  approvedTokens: readonly ApprovedToken[],
  limits: IceboxLimits,
): Icebox {
  const bySymbol = new Map<string, Candle[]>();
  for (const candle of candles) {
    if (candle.date >= date) continue;
    const key = candle.symbol.toLowerCase();
    const series = bySymbol.get(key);
    if (series) series.push(candle);
    else bySymbol.set(key, [candle]);
  }
  const icebox: Icebox = { tokens: [], stale: [], unpriced: [] };
  for (const token of [...approvedTokens].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))) {
    const series = oneADay(bySymbol.get(token.symbol.toLowerCase()));
    const newest = series.at(-1)?.date;
    if (newest === undefined) {
      icebox.unpriced.push(token.symbol);
      continue;
    }
    if (daysBetween(newest, date) > staleAfterDays) icebox.stale.push({ symbol: token.symbol, newest });
    const inside = replay(series, token.yieldBearing, limits);
    if (inside) icebox.tokens.push({ symbol: token.symbol, ...inside });
  }
  return icebox;
}

/** Oldest first; of two spellings of one token (sUSDe and SUSDE) the first in the alphabet is used. */
function oneADay(candles: readonly Candle[] = []): Candle[] {
  const key = (candle: Candle) => `${candle.date} ${candle.symbol}`;
  const sorted = [...candles].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return sorted.filter((candle, i) => candle.date !== sorted[i - 1]?.date);
}

/** Follows one token's candles, oldest first, in and out of the icebox. */
function replay(
  series: readonly Candle[],
  yieldBearing: boolean,
  limits: IceboxLimits,
): Omit<IceboxedToken, 'symbol'> | undefined {
  let inside: Omit<IceboxedToken, 'symbol'> | undefined;
  let streak = noStreak;
  let last: Day | undefined;
  for (const [i, candle] of series.entries()) {
    // A gap of candles is bridged until the last price is too old.
    if (last !== undefined && daysBetween(last, candle.date) > staleAfterDays) streak = noStreak;
    last = candle.date;
    const against = yieldBearing ? medianBefore(series, i) : peg;
    if (against === undefined) continue; // the first day of a series has no reference
    const reference = against.price;

    const low = candle.low ?? candle.close;
    const lowBroke = low < reference * (1 - limits.icebox_ohlc_l_threshold_pct);
    const closeBroke = candle.close < reference * (1 - limits.icebox_ohlc_c_threshold_pct);
    streak = {
      lowBroken: lowBroke ? streak.lowBroken + 1 : 0,
      lowHeld: lowBroke ? 0 : streak.lowHeld + 1,
      closeBroken: closeBroke ? streak.closeBroken + 1 : 0,
      closeHeld: closeBroke ? 0 : streak.closeHeld + 1,
    };
    if (inside) {
      const recovered =
        streak.lowHeld >= limits.icebox_recovery_l_days_threshold &&
        streak.closeHeld >= limits.icebox_recovery_c_days_threshold;
      if (recovered) inside = undefined;
    } else if (streak.lowBroken >= limits.icebox_ohlc_l_days_threshold) {
      const { icebox_ohlc_l_threshold_pct: fraction, icebox_ohlc_l_days_threshold: days } = limits;
      inside = { since: candle.date, reason: inWords('low', low, candle.date, against, fraction, days) };
    } else if (streak.closeBroken >= limits.icebox_ohlc_c_days_threshold) {
      const { icebox_ohlc_c_threshold_pct: fraction, icebox_ohlc_c_days_threshold: days } = limits;
      inside = {
        since: candle.date,
        reason: inWords('close', candle.close, candle.date, against, fraction, days),
      };
    }
  }
  return inside;
}

const noStreak = { lowBroken: 0, lowHeld: 0, closeBroken: 0, closeHeld: 0 };

interface Reference {
  price: number;
  name: string;
}

const peg: Reference = { price: 1, name: 'the peg of 1.00' };

/** The median close of the 30 calendar days before the candle; undefined where there is none. */
function medianBefore(series: readonly Candle[], index: number): Reference | undefined {
  const first = addDays(series[index]!.date, -referenceDays);
  const closes: number[] = [];
  for (let i = index - 1; i >= 0 && series[i]!.date >= first; i--) closes.push(series[i]!.close);
  if (closes.length === 0) return undefined;
  closes.sort((a, b) => a - b);
  const middle = closes.length >> 1;
  const price = closes.length % 2 === 1 ? closes[middle]! : (closes[middle - 1]! + closes[middle]!) / 2;
  return { price, name: `${price.toFixed(4)}, its median close of ${referenceDays} days` };
}

/** For example: low 0.9101 on 2024-10-18 was 8.99 % below the peg of 1.00; 2 days in a row beyond the limit of 2.00 %. */
function inWords(
  what: 'low' | 'close',
  price: number,
  date: Day,
  against: Reference,
  fraction: number,
  days: number,
): string {
  const fall = `${what} ${price.toFixed(4)} on ${date} was ${percent(1 - price / against.price)} below ${against.name}`;
  const limit = percent(fraction);
  return days === 1
    ? `${fall}; the limit is ${limit}`
    : `${fall}; ${days} days in a row beyond the limit of ${limit}`;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}
