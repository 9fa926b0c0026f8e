/** The candidate that a misspelt word most likely means, or undefined where none is near. Ties go to the first. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const [a, b] = [bare(word), bare(candidate)];
    const distance = editDistance(a, b);
    // A third of the letters may be wrong; beyond that a guess only misleads.
    const near = distance <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 3));
    if (near && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** What to say after an unknown word: the nearest known one, else all of them. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const guess = nearest(word, candidates);
  return guess === undefined ? `Known: ${candidates.join(', ')}.` : `Did you mean "${guess}"?`;
}

/** `force_phases`, `ForcePhases` and `forcePhases` are one word. */
function bare(word: string): string {
  // Bounded, because the cost is quadratic and the word may be anything that somebody sent.
  return word
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
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
