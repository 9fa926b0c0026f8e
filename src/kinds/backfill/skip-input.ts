import type { Day } from '../../planning/days.ts';
import { day, listOf, readFields, refuse, text } from '../../planning/input.ts';
import type { Guard, Guards } from '../../planning/input.ts';

/** Dates that a person leaves out of a run, and why. */
export interface SkipInput {
  ranges: { first: Day; last: Day }[];
  reason: string;
}

type Range = SkipInput['ranges'][number];

const range: Guard<Range> = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? readFields<Range>(value, 'is no range', { first: day, last: day }, ['first', 'last'])
    : refuse(value, 'an object with first and last');

const reason: Guard<string> = (value) =>
  typeof value === 'string' && value.trim() === ''
    ? { ok: false, message: 'is empty. Say why: whoever reads the run next wants to know.' }
    : text(value);

const guards: Guards<SkipInput> = { ranges: listOf(range), reason };

/** Reads what the update `skip` was sent with; a refusal is one line that names the field. */
export function parseSkipInput(
  raw: unknown,
): { ok: true; input: SkipInput } | { ok: false; message: string } {
  const read = readFields<SkipInput>(raw, 'Input of skip', guards, ['ranges', 'reason']);
  if (!read.ok) return read;
  const refused = refusalOf(read.value);
  return refused === undefined
    ? { ok: true, input: read.value }
    : { ok: false, message: `Input of skip: ${refused}` };
}

function refusalOf({ ranges }: SkipInput): string | undefined {
  if (ranges.length === 0) return 'ranges is empty: say which dates are to be skipped.';
  const backwards = ranges.find(({ first, last }) => first > last);
  return backwards && `the range ${backwards.first}..${backwards.last} ends before it begins: exchange them.`;
}
