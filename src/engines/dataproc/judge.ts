import { isFailureType } from '../../failures.ts';
import type { FailureType } from '../../failures.ts';
import type { BatchObservation, BatchState, Outcome } from '../engine.ts';

export interface RemoteEnd {
  state: BatchState;
  /** What the service says of a batch that failed: the last lines of its output, or only where that lies. */
  message: string;
  /** The end of what its driver printed. */
  output: string;
  outcome: Outcome | undefined;
  limitMs: number;
  ranMs: number;
}

/** How the batch ended. What the job itself says comes first: a commit that happened, happened. */
export function judgeRemote(
  end: RemoteEnd,
): Pick<BatchObservation, 'state' | 'message' | 'errorType' | 'result'> {
  const { state, outcome, message } = end;
  const said = `${message}\n${end.output}`;
  if (outcome?.status === 'succeeded') return { state: 'SUCCEEDED', result: outcome.result };
  if (end.ranMs >= end.limitMs && state !== 'SUCCEEDED') {
    const text = `It ran longer than its limit of ${end.limitMs / 1000} s and was ended.`;
    return { state: 'TIMED_OUT', errorType: 'TimedOut', message: text };
  }
  // Its clock may have begun while the batch was still waiting to run.
  if (state === 'CANCELLED' && /\bttl\b/i.test(message)) {
    const text = 'It was older than its time to live and was ended by the service.';
    return { state: 'TIMED_OUT', errorType: 'TimedOut', message: text };
  }
  if (state === 'CANCELLED') {
    return { state, errorType: 'Cancelled', message: 'It was cancelled.' };
  }
  if (outcome?.status === 'failed') {
    const errorType = isFailureType(outcome.errorType) ? outcome.errorType : 'JobFailed';
    // A job that lost its JVM only reports that loss: look for the cause in the output.
    const echo = errorType === 'Infrastructure' || errorType === 'JobFailed';
    if (echo && typeOf(said) === 'OutOfMemory') {
      return { state: 'FAILED', errorType: 'OutOfMemory', message: 'Its JVM ran out of memory.' };
    }
    return { state: 'FAILED', errorType, message: outcome.message };
  }
  if (state === 'SUCCEEDED') {
    return {
      state: 'FAILED',
      errorType: 'Infrastructure',
      message: 'The service says that it succeeded, but its outcome is not in the results bucket.',
    };
  }
  return { state: 'FAILED', errorType: typeOf(said), message: lastLines(end.output || message) };
}

/** The type of a failure that the job could not report itself, from its output and the service's message. */
function typeOf(message: string): FailureType {
  if (/OutOfMemoryError|exit code:? 137|Container killed by .* for exceeding memory/i.test(message))
    return 'OutOfMemory';
  if (/ExecutorLostFailure|executor lost|lost executor/i.test(message)) return 'ExecutorLost';
  if (/quota|RESOURCE_EXHAUSTED/i.test(message)) return 'QuotaExceeded';
  if (/^SIG[A-Z]+|killed by signal|exit code:? 143|internal error|unavailable/i.test(message))
    return 'Infrastructure';
  return 'JobFailed';
}

function lastLines(message: string): string {
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' | ').slice(-1_000) || 'It failed without a word.';
}
