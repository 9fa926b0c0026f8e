import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { classify, isRetryable } from '../failures.ts';
import { waitMs } from '../planning/retry.ts';

/** After this many tries a full disk is no longer waited for: the run ends and says so. */
const triesWithoutSpace = 3;

const heartbeatMs = 2_000;

/**
 * Gives every activity the same manners: an expected failure reaches Temporal under its own type, with its message
 * alone; what cannot succeed is not retried; the rest is left to the retry policy.
 */
export function withFailureTypes<T extends Record<string, (input: never) => Promise<unknown>>>(
  activities: T,
): T {
  return Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (input: never) => {
        // By itself, so that a worker that is killed in any activity is noticed within its heartbeat time-out.
        const beat = setInterval(() => Context.current().heartbeat(), heartbeatMs);
        try {
          return await activity(input);
        } catch (error) {
          throw asTemporalFailure(error);
        } finally {
          clearInterval(beat);
        }
      },
    ]),
  ) as T;
}

function asTemporalFailure(error: unknown): unknown {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const { type, message } = classify(error);
  const attempt = Context.current().info.attempt;
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !isRetryable(type) || (type === 'NoSpace' && attempt >= triesWithoutSpace),
    // A quota is renewed each minute: whoever asks sooner is refused again.
    ...(type === 'QuotaExceeded' && { nextRetryDelay: waitMs(type, attempt) }),
    ...(error instanceof Error && { cause: error }),
  });
}
