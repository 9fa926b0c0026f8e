import type { Checked } from '../planning/input.ts';

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a length of time as people write it: `90s`, `15m`, `2h`, `7d`; undefined for anything else. */
export function durationMs(text: unknown): number | undefined {
  const found = typeof text === 'string' ? /^(\d{1,6})([smhd])$/.exec(text) : null;
  return found === null ? undefined : Number(found[1]) * unitsMs[found[2] as keyof typeof unitsMs];
}

/** A guard (src/planning/input.ts) for a length of time within limits, both included. */
export function durationBetween(shortest: string, longest: string): (value: unknown) => Checked<string> {
  return (value) => {
    const ms = durationMs(value);
    if (ms !== undefined && ms >= durationMs(shortest)! && ms <= durationMs(longest)!) {
      return { ok: true, value: value as string };
    }
    return {
      ok: false,
      message: `is ${JSON.stringify(value)}, but must be a length of time from ${shortest} to ${longest}, such as 90s, 15m, 2h or 7d.`,
    };
  };
}
