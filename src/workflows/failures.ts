import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { isFailureType } from '../failures.ts';
import type { FailureType } from '../failures.ts';

/** The type and the line of whatever an activity failed with. */
export function failureOf(error: unknown): { type: FailureType; message: string } {
  const cause = error instanceof ActivityFailure && error.cause !== undefined ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    return { type: isFailureType(cause.type) ? cause.type : 'JobFailed', message: cause.message };
  }
  if (cause instanceof TimeoutFailure) return { type: 'Infrastructure', message: cause.message };
  // A bug in the workflow itself must stay one: Temporal then retries the workflow task under corrected code.
  throw error;
}
