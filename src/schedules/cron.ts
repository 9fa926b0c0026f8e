import { CronExpressionParser } from 'cron-parser';
import type { Checked } from '../planning/input.ts';

// What Temporal and the parser below read alike: numbers, names of three letters, lists, ranges, steps.
const part = String.raw`(\*|[a-z]{3}|\d{1,2})(-([a-z]{3}|\d{1,2}))?(/\d{1,2})?`;
const field = new RegExp(`^${part}(,${part})*$`, 'i');

/** A guard for the five fields of a cron, in UTC. */
export function cron(value: unknown): Checked<string> {
  const fields = typeof value === 'string' ? value.trim().split(/\s+/) : [];
  const refuse = (must: string): Checked<string> => ({
    ok: false,
    message: `is ${JSON.stringify(value)}, but ${must}`,
  });
  if (fields.length !== 5 || !fields.every((one) => field.test(one))) {
    return refuse(
      'must be a cron of five fields: minute, hour, day of month, month, day of week (1 0 * * *).',
    );
  }
  if (fields[2] !== '*' && fields[4] !== '*') {
    // Cron means either of them, Temporal both.
    return refuse('gives a day of month and a day of week, which are read in two ways: give one of them.');
  }
  const text = fields.join(' ');
  try {
    CronExpressionParser.parse(text, { tz: 'UTC' });
  } catch (error) {
    return refuse(`is no cron: ${(error as Error).message}.`);
  }
  return { ok: true, value: text };
}

/** The newest times of a cron after `after` up to and including `upTo`, oldest first, at most `limit`. */
export function nominalTimes(expression: string, after: Date, upTo: Date, limit: number): Date[] {
  const times = CronExpressionParser.parse(expression, {
    tz: 'UTC',
    // The time that it is asked from is never among the answers.
    currentDate: new Date(upTo.getTime() + 1),
  });
  const found: Date[] = [];
  while (found.length < limit) {
    const time = times.prev().toDate();
    if (time <= after) break;
    found.push(time);
  }
  return found.reverse();
}
