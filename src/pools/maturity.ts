/**
 * When a fixed-term pool ends. No feed has a field for it, so it is read from the source's texts: a principal token
 * has it in its name (`PT-USDe-25NOV2021`), a market in its description (`For LP | Maturity 26DEC2024`).
 */
import { addDays, isDay } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;

// Whole names only: "10 markets 2024" is no day in March.
const month =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const begin = '(?<![a-z0-9])';
const end = '(?![a-z0-9])';
const ordinal = '(?:st|nd|rd|th)?';

interface Form {
  pattern: RegExp;
  /** A date of numbers alone counts only if the text mentions a maturity. */
  needsContext: boolean;
  read: (...parts: string[]) => (Day | undefined)[];
}

/** Tried in this order; what one pattern has matched is hidden from the next. */
const forms: readonly Form[] = [
  {
    // 25NOV2021, 26-Dec-24, 31st of March 2025
    pattern: new RegExp(
      `${begin}(\\d{1,2})${ordinal}(?:\\s+of)?[-\\s._/]*${month}[-\\s.,_/']*(20\\d\\d|\\d\\d)${end}`,
      'gi',
    ),
    needsContext: false,
    read: (day, name, year) => [dayOf(yearOf(year), monthOf(name), Number(day))],
  },
  {
    // December 26, 2024
    pattern: new RegExp(`${begin}${month}[-\\s._]*(\\d{1,2})${ordinal}[-\\s.,_]+(20\\d\\d)${end}`, 'gi'),
    needsContext: false,
    read: (name, day, year) => [dayOf(Number(year), monthOf(name), Number(day))],
  },
  {
    // DEC2024, Dec 2024, MAR25: the last day of the month
    pattern: new RegExp(`${begin}${month}(?:[-\\s._']*(20\\d\\d)|'?(\\d\\d))${end}`, 'gi'),
    needsContext: false,
    read: (name, year, short) => [lastDayOf(yearOf(year ?? short), monthOf(name))],
  },
  {
    // 2024-12-26, 20241226
    pattern: new RegExp(`${begin}(20\\d\\d)[-/.]?(\\d\\d)[-/.]?(\\d\\d)${end}`, 'gi'),
    needsContext: true,
    read: (year, number, day) => [dayOf(Number(year), Number(number), Number(day))],
  },
  {
    // 26/12/2024 and 12/26/2024; if ambiguous, the earlier: leaving too soon costs only a few days' yield
    pattern: new RegExp(`${begin}(\\d{1,2})[-/.](\\d{1,2})[-/.](20\\d\\d)${end}`, 'gi'),
    needsContext: true,
    read: (first, second, year) => [
      dayOf(Number(year), Number(second), Number(first)),
      dayOf(Number(year), Number(first), Number(second)),
    ],
  },
];

const fixedTerm = /matur|expir|fixed|\bterm\b|fcash|\b(?:PT|YT|LP)\b|pendle|spectra|notional/i;

/**
 * The last day that any of these texts (symbol, description, names of tokens) names as the end; undefined where none
 * does. The pool earns up to the day before.
 */
export function maturityOf(...texts: readonly (string | null)[]): Day | undefined {
  let text = texts.filter((each) => each !== null).join(' | ');
  const context = fixedTerm.test(text);
  const found: Day[] = [];
  for (const { pattern, needsContext, read } of forms) {
    if (needsContext && !context) continue;
    text = text.replaceAll(pattern, (_whole: string, ...parts: unknown[]) => {
      const readings = read(...(parts as string[])).filter((day) => day !== undefined);
      if (readings.length > 0) found.push(readings.sort()[0]!);
      return ' ';
    });
  }
  return found.sort().at(-1);
}

function monthOf(name: string): number {
  return months.indexOf(name.slice(0, 3).toLowerCase() as (typeof months)[number]) + 1;
}

function yearOf(year: string): number {
  return year.length === 2 ? 2000 + Number(year) : Number(year);
}

function dayOf(year: number, month: number, day: number): Day | undefined {
  const written = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return isDay(written) ? written : undefined;
}

function lastDayOf(year: number, month: number): Day {
  const [nextYear, next] = month === 12 ? [year + 1, 1] : [year, month + 1];
  return addDays(dayOf(nextYear, next, 1)!, -1);
}
