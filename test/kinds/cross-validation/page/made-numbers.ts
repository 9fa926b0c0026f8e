/** From 0 to 1, the same every time. */
export function chance(...of: (string | number)[]): number {
  let state = 2166136261;
  for (const character of of.join('/')) {
    state = Math.imul(state ^ character.charCodeAt(0), 16777619);
  }
  state = Math.imul(state ^ (state >>> 15), 2246822507);
  state = Math.imul(state ^ (state >>> 13), 3266489909);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}

export const noise = (...of: (string | number)[]) => chance('a', ...of) + chance('b', ...of) - 1;
export const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

export function hex(digits: number, of: string): string {
  return Array.from({ length: digits }, (_, i) => Math.floor(chance(of, i) * 16).toString(16)).join('');
}
