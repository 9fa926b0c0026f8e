import type { FailureType } from '../failures.ts';

/** How long to wait before the next try: 1 s, doubling, at most 15 s. A restarted server is back well within that. */
export function backOffMs(triesSoFar: number): number {
  return Math.min(15_000, 1_000 * 2 ** (triesSoFar - 1));
}

/** Quotas are renewed each minute: asking sooner only uses up the next one. */
const quotaMs = 60_000;

/** How long to wait after a failure of this type. */
export function waitMs(type: FailureType, triesSoFar: number): number {
  return type === 'QuotaExceeded' ? quotaMs : backOffMs(triesSoFar);
}

/** How often a piece of work is tried. What passes by itself is waited for; a full disk or a hard limit is not. */
export function maximumTries(type: FailureType): number {
  switch (type) {
    case 'Infrastructure':
    case 'ExecutorLost':
    case 'QuotaExceeded':
      return 8;
    case 'OutOfMemory':
    case 'NoSpace':
    case 'TimedOut':
      return 3;
    default:
      return 1;
  }
}

/**
 * After this many attempts an activity gives up and its run ends with the reason: about an hour of a server that is away,
 * at the longest interval of ten seconds. A workflow whose activity is retried without end looks alive and is not.
 */
export const lastAttempt = 360;

/** A full disk is not waited for as long: the run ends and says so. */
export function isLastAttempt(type: FailureType, attempt: number): boolean {
  return attempt >= (type === 'NoSpace' ? 3 : lastAttempt);
}

/**
 * A run whose history today's code cannot replay begins a new one by itself and goes on from the rows. Every other end of
 * a workflow is one that must not be tried again, and says so. Five times: two versions of the code that serve side by
 * side fail each other's histories.
 */
export const codeChangedRetry = { initialInterval: 1_000, backoffCoefficient: 2, maximumAttempts: 5 };

/** Temporal gives this failure no type, so it is recognised by its message: today's code cannot replay the history. */
export function isCodeChanged(message: string): boolean {
  return /TMPRL1100|nondeterminism/i.test(message);
}
