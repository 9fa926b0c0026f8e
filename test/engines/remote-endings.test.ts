import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeRemote } from '../../src/engines/dataproc/judge.ts';

describe('how a remote batch ended', () => {
  const judged = (end: Partial<Parameters<typeof judgeRemote>[0]>): string => {
    const usual = { message: '', output: '', outcome: undefined, limitMs: 60_000, ranMs: 1_000 };
    const { state, errorType } = judgeRemote({ state: 'FAILED', ...usual, ...end });
    return `${state} ${errorType ?? ''}`.trim();
  };
  const succeeded = { status: 'succeeded', result: {} } as never;
  const failed = (errorType: string): never => ({ status: 'failed', errorType, message: 'm' }) as never;
  for (const [what, end, expected] of [
    ['a commit that happened, happened', { state: 'FAILED', outcome: succeeded }, 'SUCCEEDED'],
    ['also where it was cancelled just after', { state: 'CANCELLED', outcome: succeeded }, 'SUCCEEDED'],
    ['a success that left nothing is none', { state: 'SUCCEEDED' }, 'FAILED Infrastructure'],
    ['cancelled before its limit', { state: 'CANCELLED' }, 'CANCELLED Cancelled'],
    ['cancelled at its limit', { state: 'CANCELLED', ranMs: 60_000 }, 'TIMED_OUT TimedOut'],
    [
      'ended by the service for its age',
      { state: 'CANCELLED', message: 'Batch was CANCELLED as ttl exceeded' },
      'TIMED_OUT TimedOut',
    ],
    [
      'the words of the job come first',
      { outcome: failed('CheckFailed'), message: 'quota' },
      'FAILED CheckFailed',
    ],
    [
      'but the echo of a dead JVM is no word',
      { outcome: failed('JobFailed'), output: 'java.lang.OutOfMemoryError: Java heap space' },
      'FAILED OutOfMemory',
    ],
    ['a type that is not in the list', { outcome: failed('Whatever') }, 'FAILED JobFailed'],
    ['killed for its memory', { message: 'The driver ended with exit code 137.' }, 'FAILED OutOfMemory'],
    ['an executor that went', { output: 'ExecutorLostFailure (executor 3 exited)' }, 'FAILED ExecutorLost'],
    ['no machines to be had', { message: "Insufficient 'CPUS' quota." }, 'FAILED QuotaExceeded'],
    ['killed from outside', { message: 'The driver was killed by signal SIGTERM.' }, 'FAILED Infrastructure'],
    ['a mistake in the job', { message: 'exit code 1', output: 'ValueError: x' }, 'FAILED JobFailed'],
  ] as [string, Partial<Parameters<typeof judgeRemote>[0]>, string][]) {
    test(`${what}: ${expected}`, () => assert.equal(judged(end), expected));
  }
});
