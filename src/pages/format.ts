/**
 * How figures are written, on every page alike. Where there is none stands a dash. Between a number and its unit stands
 * a narrow space at which no line breaks.
 */
export const dash = '–';
const thin = '\u202f';

type Figure = number | null | undefined;

const known = (value: Figure): value is number =>
  value !== null && value !== undefined && Number.isFinite(value);

export function count(value: Figure): string {
  return known(value) ? Math.round(value).toLocaleString('en-US') : dash;
}

export function dollars(value: Figure): string {
  return known(value)
    ? `${value <= -0.5 ? '-' : ''}$${Math.round(Math.abs(value)).toLocaleString('en-US')}`
    : dash;
}

/** Money that is counted: $1,002,133.45 */
export function cents(value: Figure): string {
  return known(value)
    ? `${value < 0 && decimals(value, 2) !== '0.00' ? '-' : ''}$${decimals(Math.abs(value), 2)}`
    : dash;
}

/** What a batch costs is often less than a cent: $0.0123 */
export function price(value: Figure): string {
  return known(value) && value !== 0 && Math.abs(value) < 1
    ? `${value < 0 ? '-' : ''}$${decimals(Math.abs(value), 4)}`
    : cents(value);
}

/** What was added or taken away: +$12.30, -$4.00, $0.00 */
export function signedCents(value: Figure): string {
  return known(value) && Number(value.toFixed(2)) > 0 ? `+${cents(value)}` : cents(value);
}

/** The same without cents, for a glance. */
export function signedDollars(value: Figure): string {
  return known(value) && Math.round(value) > 0 ? `+${dollars(value)}` : dollars(value);
}

/** Token units: as many decimals as matter. */
export function amount(value: Figure): string {
  return known(value) ? decimals(value, Math.abs(value) < 1 ? 6 : 2) : dash;
}

/** A share of a whole, 0 to 1: 24.9 % */
export function share(value: Figure): string {
  return known(value) ? `${decimals(value * 100, 1)}${thin}%` : dash;
}

/** An error or a ratio, where the third decimal tells the better from the worse. */
export function fine(value: Figure): string {
  return known(value) ? decimals(value, 3) : dash;
}

/** For axes: $250k, $1.2M, $3B. */
export function shortDollars(value: number): string {
  const [divisor, letter] =
    value >= 1e9 ? [1e9, 'B'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `$${Number((value / divisor).toPrecision(3))}${letter}`;
}

/** A yield: percent points a year. */
export function percent(value: Figure): string {
  return known(value) ? `${decimals(value, 2)}${thin}%` : dash;
}

/** A spread of yields. */
export function points(value: Figure): string {
  return known(value) ? `${decimals(value, 2)}${thin}pp` : dash;
}

/** A change of counts against a base: +0.6 %. */
export function change(value: Figure, base: Figure): string {
  if (!known(value) || !known(base) || base === 0) return dash;
  const relative = (value / base - 1) * 100;
  return `${relative > 0 ? '+' : ''}${decimals(relative, 1)}${thin}%`;
}

export function seconds(value: Figure): string {
  if (!known(value)) return dash;
  if (value < 0.0995) return `${Math.round(value * 1000)}${thin}ms`;
  if (value < 59.95) return `${value.toFixed(1)}${thin}s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)}${thin}min ${String(whole % 60).padStart(2, '0')}${thin}s`;
}

export function megabytes(value: Figure): string {
  return known(value) ? `${count(value)}${thin}MB` : dash;
}

export function days(value: Figure): string {
  return known(value) ? `${count(value)} ${value === 1 ? 'day' : 'days'}` : dash;
}

/** 2026-11-20 00:01:02 UTC */
export function moment(value: Date | null | undefined): string {
  return value ? `${value.toISOString().slice(0, 19).replace('T', ' ')} UTC` : dash;
}

/** Shortens what a source wrote; whole names are in the database. */
export function clipped(text: string | null, length: number): string {
  if (text === null || text === '') return dash;
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function decimals(value: number, digits: number): string {
  const text = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

/** Enough of an id to tell pools apart: eight characters of a long one, a short one whole. */
export function shortId(poolId: string): string {
  return poolId.length <= 12 ? poolId : poolId.slice(0, 8);
}
