import { legible } from './legible.ts';

/**
 * The candidate that a misspelt word most likely means, or undefined where none is near. Ties go to the first. Never the
 * word itself: whoever is asked for it has refused it.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const distance = distanceBetween(bare(word), bare(candidate));
    if (distance !== undefined && (best === undefined || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate;
}

/** Known names are listed up to so many characters: a message is one line. */
const mostListed = 400;
/** A name that is suggested can be copied, so it is shown whole; no name of ours is longer. */
const longestName = 260;

/** What to say after an unknown word: the nearest known one, else all of them. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const guess = nearest(word, candidates);
  return guess === undefined
    ? `Known: ${listed(candidates)}.`
    : `Did you mean "${legible(guess, longestName)}"?`;
}

/** `a, b, c`; of very many the first, with their number. */
export function listed(names: readonly string[]): string {
  const some: string[] = [];
  for (let length = 0; some.length < names.length; length += some.at(-1)!.length + 2) {
    if (length > mostListed) return `${some.join(', ')}, … (${names.length} in all)`;
    some.push(legible(names[some.length]!));
  }
  return some.join(', ');
}

/** `force_phases`, `ForcePhases` and `forcePhases` are one word. */
function bare(word: string): string {
  return word
    .slice(0, 4_096)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}

/** What two words may differ in where they differ at all: the cost is quadratic, and the word is what somebody sent. */
const mostCompared = 64;

/** How many letters are wrong; undefined where it is more than a third of them, beyond which a guess only misleads. */
function distanceBetween(a: string, b: string): number | undefined {
  const most = Math.max(1, Math.floor(Math.max(a.length, b.length) / 3));
  if (Math.abs(a.length - b.length) > most) return undefined;
  // What they begin and end with alike costs nothing, so that long names are compared where they differ.
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  let end = 0;
  const shorter = Math.min(a.length, b.length) - start;
  while (end < shorter && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [inA, inB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (Math.max(inA.length, inB.length) > mostCompared) return undefined;
  const distance = editDistance(inA, inB);
  return distance <= most ? distance : undefined;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
