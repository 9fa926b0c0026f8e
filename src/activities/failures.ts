import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { classify, isRetryable } from '../failures.ts';
import { whileBeating } from './heartbeat.ts';
import { isLastAttempt, waitMs } from '../planning/retry.ts';

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
        try {
          return await whileBeating(() => activity(input));
        } catch (error) {
          throw asTemporalFailure(error);
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
    nonRetryable: !isRetryable(type) || isLastAttempt(type, attempt),
    // A quota is renewed each minute: whoever asks sooner is refused again.
    ...(type === 'QuotaExceeded' && { nextRetryDelay: waitMs(type, attempt) }),
    ...(error instanceof Error && { cause: error }),
  });
}
