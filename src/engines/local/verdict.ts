import { isFailureType, type FailureType } from '../../failures.ts';
import type { BatchObservation, Outcome } from '../engine.ts';
import type { DriverEnd } from './runner.ts';

/** Everything that is known of a batch when its process is gone. */
export interface BatchEnd {
  driver: DriverEnd;
  outcome: Outcome | undefined;
  /** Where we ended it ourselves. */
  stopped: 'cancelled' | 'timed out' | undefined;
  /** Where the shared JVM went away under it: how, in words. */
  jvm: { problem: string; outOfMemory: boolean } | undefined;
  /** The kernel killed some process for memory meanwhile. */
  kernelKilledForMemory: boolean;
  lastWords: string;
  /** Its JVM said so in its log. */
  saidOutOfMemory: boolean;
  timeoutMs: number;
}

export type Verdict = Pick<BatchObservation, 'state' | 'message' | 'errorType' | 'result'>;

/** How the batch ended. What the job itself says comes first: a commit that happened, happened. */
export function judge(end: BatchEnd): Verdict {
  const { driver, outcome, stopped, jvm } = end;
  if (outcome?.status === 'succeeded') return { state: 'SUCCEEDED', result: outcome.result };
  if (stopped === 'cancelled') {
    return { state: 'CANCELLED', errorType: 'Cancelled', message: 'It was cancelled while it ran.' };
  }
  if (stopped === 'timed out') {
    return {
      state: 'TIMED_OUT',
      errorType: 'TimedOut',
      message: `It ran longer than its limit of ${end.timeoutMs / 1000} s and was ended.`,
    };
  }
  const said = outcome && { type: failureType(outcome.errorType), message: outcome.message };
  // The last words of a job that lost its JVM or its memory only report that loss.
  const echo = said === undefined || said.type === 'JobFailed' || said.type === 'Infrastructure';
  if (jvm && echo) {
    return failed(
      jvm.outOfMemory ? 'OutOfMemory' : 'Infrastructure',
      `The shared JVM went away: ${jvm.problem}.`,
    );
  }
  if (echo && (end.saidOutOfMemory || said?.message.includes('java.lang.OutOfMemoryError'))) {
    return failed('OutOfMemory', 'Its JVM ran out of memory.');
  }
  if (said) return failed(said.type, said.message);
  if ('lost' in driver)
    return failed('Infrastructure', 'The process that starts the jobs died, and the job with it.');
  if ('signal' in driver) {
    return driver.signal === 'SIGKILL' && end.kernelKilledForMemory
      ? failed('OutOfMemory', 'The kernel killed its process for memory.')
      : failed('Infrastructure', `Its process was killed (${driver.signal}).`);
  }
  return failed(
    'JobFailed',
    `It ended with exit code ${driver.code} and no outcome. ${end.lastWords}`.trim(),
  );
}

function failed(errorType: FailureType, message: string): Verdict {
  return { state: 'FAILED', errorType, message };
}

function failureType(name: string): FailureType {
  return isFailureType(name) ? name : 'JobFailed';
}
