/** Values of JSON columns, which may be of any version of the jobs: what is not as it should be is left out. */

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function numbersOf(value: unknown): (number | null)[] {
  return listOf(value).map(numberOrNull);
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function textOr(value: unknown, other: string): string {
  return textOrNull(value) ?? other;
}

/** `{name: rows}` as pairs. */
export function countsOf(value: unknown): [string, number][] {
  return Object.entries(recordOf(value)).flatMap(([name, rows]): [string, number][] =>
    typeof rows === 'number' ? [[name, rows]] : [],
  );
}

export function rangeOf(value: unknown): [number, number] | null {
  const [first, last] = numbersOf(value);
  return first == null || last == null ? null : [first, last];
}
