/** A scoring is one phase: files go in, predictions come out. */
export const scoringPhases = ['score'] as const;
export type ScoringPhase = (typeof scoringPhases)[number];
