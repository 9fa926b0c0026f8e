/**
 * Counted money: amounts of tokens as whole numbers of 1e-18, prices as whole numbers of 1e-8 dollars. Sums are exact,
 * and both are what the ledger's columns hold (numeric(38,18) and numeric(20,8)).
 */

/** Tokens, in 1e-18. */
export type Amount = bigint;
/** Dollars for one token, in 1e-8. */
export type Price = bigint;
/** Dollars, in 1e-26: what an amount times a price is, exactly. */
export type Value = bigint;

const amountDecimals = 18;
const priceDecimals = 8;

export const oneDollar: Price = 10n ** BigInt(priceDecimals);

/** Reads a decimal number as PostgreSQL writes it; throws for anything else. */
export function parseAmount(text: string): Amount {
  return parseDecimal(text, amountDecimals);
}

export function parsePrice(text: string): Price {
  return parseDecimal(text, priceDecimals);
}

/** For example 1250000000000000000n is "1.25". */
export function formatAmount(amount: Amount): string {
  return formatDecimal(amount, amountDecimals);
}

export function formatPrice(price: Price): string {
  return formatDecimal(price, priceDecimals);
}

/** The nearest price that can be counted; 0n where the number is too small to be one. */
export function priceOf(dollars: number): Price {
  return fromNumber(dollars, priceDecimals);
}

export function valueOf(amount: Amount, price: Price): Value {
  return amount * price;
}

/** Dollars as a number: to look at and to reckon with, not to keep. */
export function dollarsOf(value: Value): number {
  return Number(formatDecimal(value, amountDecimals + priceDecimals));
}

/** Dollars with six decimals, as the ledger keeps them; rounded half away from zero. */
export function formatDollars(value: Value): string {
  const unit = 10n ** BigInt(amountDecimals + priceDecimals - 6);
  const half = value < 0n ? -unit / 2n : unit / 2n;
  return formatDecimal((value + half) / unit, 6);
}

/** The value of a number of dollars, to the nearest 1e-18. */
export function valueOfDollars(dollars: number): Value {
  return fromNumber(dollars, amountDecimals) * oneDollar;
}

/** How many tokens a value buys; never more than it pays for. */
export function amountFor(value: Value, price: Price): Amount {
  return value / price;
}

/** The share of an amount; never more than the amount for a share of at most 1. */
export function shareOf(amount: Amount, share: number): Amount {
  return (amount * fromNumber(share, amountDecimals)) / 10n ** BigInt(amountDecimals);
}

function parseDecimal(text: string, decimals: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (!match || (match[3] ?? '').slice(decimals).replaceAll('0', '') !== '') {
    throw new RangeError(`"${text}" is not a number with at most ${decimals} decimals`);
  }
  const [, sign, whole = '', part = ''] = match;
  const digits = BigInt(whole + part.slice(0, decimals).padEnd(decimals, '0'));
  return sign === '-' ? -digits : digits;
}

function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const part = digits.slice(-decimals).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -decimals)}${part === '' ? '' : `.${part}`}`;
}

/** The nearest whole number of 10^-decimals; every digit of the double counts, and none that it does not have. */
function fromNumber(value: number, decimals: number): bigint {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', part = ''] = mantissa.split('.');
  const shift = Number(exponent) - part.length + decimals;
  const digits = BigInt(whole + part);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const unit = 10n ** BigInt(-shift);
  const half = digits < 0n ? -unit / 2n : unit / 2n;
  return (digits + half) / unit;
}
