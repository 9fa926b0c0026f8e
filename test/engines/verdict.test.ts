import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type BatchEnd } from '../../src/engines/local/verdict.ts';

const plain: BatchEnd = {
  driver: { code: 0 },
  outcome: undefined,
  stopped: undefined,
  jvm: undefined,
  kernelKilledForMemory: false,
  lastWords: '',
  saidOutOfMemory: false,
  timeoutMs: 1_500,
};
const failed = (errorType: string) => ({ status: 'failed', errorType, message: 'as the job said' }) as const;
const type = (end: Partial<BatchEnd>) => judge({ ...plain, ...end }).errorType;

test('a job that succeeded has succeeded, whatever happened to it after its commit', () => {
  const outcome = { status: 'succeeded', result: { rows: 3 } } as const;
  const jvm = { problem: 'the JVM died', outOfMemory: false };
  for (const end of [{ stopped: 'cancelled' as const }, { stopped: 'timed out' as const }, { jvm }]) {
    assert.deepEqual(judge({ ...plain, ...end, outcome }), { state: 'SUCCEEDED', result: { rows: 3 } });
  }
});

test('what the kernel or the JVM did for memory is OutOfMemory, any other kill is Infrastructure', () => {
  assert.equal(type({ driver: { signal: 'SIGKILL' }, kernelKilledForMemory: true }), 'OutOfMemory');
  assert.equal(type({ driver: { signal: 'SIGKILL' } }), 'Infrastructure');
  assert.equal(type({ driver: { signal: 'SIGSEGV' }, kernelKilledForMemory: true }), 'Infrastructure');
  assert.equal(type({ jvm: { problem: 'the JVM ran out of memory', outOfMemory: true } }), 'OutOfMemory');
  assert.equal(type({ outcome: failed('Infrastructure'), saidOutOfMemory: true }), 'OutOfMemory');
});

test("the job's own verdict on its input stands even when its JVM died, its complaint about the JVM does not", () => {
  const jvm = { problem: 'the JVM died (SIGKILL)', outOfMemory: false };
  assert.equal(type({ jvm, outcome: failed('InvalidInput') }), 'InvalidInput');
  assert.equal(type({ jvm, outcome: failed('Fenced') }), 'Fenced');
  assert.equal(type({ jvm, outcome: failed('JobFailed') }), 'Infrastructure');
});

test('a type that is not in the closed list is JobFailed', () => {
  assert.deepEqual(judge({ ...plain, outcome: failed('Oops') }), {
    state: 'FAILED',
    errorType: 'JobFailed',
    message: 'as the job said',
  });
});
