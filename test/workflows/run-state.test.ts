import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRetryable, failureTypes } from '../../src/failures.ts';
import type { FailureType } from '../../src/failures.ts';
import { maximumTries } from '../../src/planning/retry.ts';
import {
  afterFailure,
  askRetry,
  beginPass,
  beginRun,
  close,
  endOf,
  pause,
  pauseAtBudget,
  progressOf,
  refusals,
  resume,
  setPhase,
  takeRetry,
  waitsForPerson,
} from '../../src/workflows/run-state.ts';
import type { RunState } from '../../src/workflows/run-state.ts';

/** A run in its first pass, before its first step. */
function begun(): RunState {
  const state = beginRun('2026-01-31', ['ingest', 'fit', 'report'], false);
  assert.ok(beginPass(state));
  return state;
}

function failed(state: RunState, index: number, continueOnFailure = false) {
  setPhase(state, index, 'running');
  return afterFailure(state, { index, continueOnFailure }, { type: 'CheckFailed' }, 1);
}

describe('pause and resume', () => {
  test('a pause is shown, and cannot be made twice', () => {
    const state = begun();
    assert.equal(refusals.pause(state), undefined);
    assert.equal(pause(state), '2026-01-31 pauses before its next phase.');
    assert.equal(progressOf(state).paused, true);
    assert.match(refusals.pause(state)!, /paused already/);
  });

  test('what is not paused cannot be resumed, and what is resumed can be paused again', () => {
    const state = begun();
    assert.match(refusals.resume(state)!, /not paused/);
    pause(state);
    assert.equal(refusals.resume(state), undefined);
    resume(state);
    assert.equal(progressOf(state).paused, false);
    assert.equal(refusals.pause(state), undefined);
  });

  test('a history that goes on in a new one stays paused', () => {
    assert.equal(progressOf(beginRun('2026-01-31', [], true)).paused, true);
  });

  test('a pause leaves the phases as they are', () => {
    const state = begun();
    setPhase(state, 0, 'running');
    pause(state);
    resume(state);
    assert.deepEqual(
      state.phases.map((phase) => phase.state),
      ['running', 'waiting', 'waiting'],
    );
  });
});

describe('the budget', () => {
  test('a run that cannot afford its next batch pauses and says why', () => {
    const state = begun();
    pauseAtBudget(state, '$3.10 of $3.00 are spent.');
    assert.deepEqual(
      { ...progressOf(state), phases: [] },
      { date: '2026-01-31', paused: true, reason: '$3.10 of $3.00 are spent.', phases: [] },
    );
    assert.equal(refusals.resume(state), undefined);
    resume(state);
    assert.equal('reason' in progressOf(state), false);
  });

  test('a budget is dollars above nothing', () => {
    for (const budget of [0.01, 1, 1e6]) assert.equal(refusals.setBudget(budget), undefined);
    for (const budget of [0, -1, NaN, Infinity, 1e6 + 1, '3', null, undefined, {}]) {
      assert.match(refusals.setBudget(budget)!, /US dollars above 0/, JSON.stringify(budget));
    }
  });
});

describe('a step that fails', () => {
  test('is tried again as often as its type says, then ends the run', () => {
    for (const type of Object.keys(failureTypes) as FailureType[]) {
      const state = begun();
      const last = maximumTries(type);
      for (let tries = 1; tries < last; tries += 1) {
        const after = afterFailure(state, { index: 0 }, { type }, tries);
        assert.ok(after.then === 'again' && after.waitMs > 0, type);
        assert.equal(refusals.retryFailed(state), 'Nothing has failed, so there is nothing to retry.');
      }
      assert.deepEqual(afterFailure(state, { index: 0 }, { type }, last), { then: 'end' }, type);
      assert.equal(state.phases[0]!.state, 'failed');
      assert.equal(last > 1, isRetryable(type), type);
    }
  });

  test('that others can do without leaves the run partial, and they go on', () => {
    const state = begun();
    assert.deepEqual(failed(state, 1, true), { then: 'on' });
    assert.equal(endOf(state), 'partial');
  });

  test('ends a run that nobody has paused', () => {
    const state = begun();
    failed(state, 0);
    assert.equal(waitsForPerson(state), false);
    assert.equal(takeRetry(state), false);
  });

  test('of a paused run waits for a person: until resumed, which ends it, or retried', () => {
    const state = begun();
    pause(state);
    failed(state, 0);
    assert.equal(waitsForPerson(state), true);
    resume(state);
    assert.equal(waitsForPerson(state), false);
    assert.equal(takeRetry(state), false);

    pause(state);
    assert.equal(askRetry(state), 'Phase ingest is tried again.');
    assert.equal(waitsForPerson(state), false);
    assert.equal(takeRetry(state), true);
    assert.equal(takeRetry(state), false, 'the wish is used up');
  });

  test('can be retried while its failure is noted, and the wish is not lost', () => {
    const state = begun();
    failed(state, 0);
    askRetry(state);
    assert.equal(takeRetry(state), true);
  });
});

describe('retry of what failed before', () => {
  test('comes after the step that runs, in a further pass that forces nothing', () => {
    const state = begun();
    failed(state, 1, true);
    setPhase(state, 2, 'running');
    assert.equal(refusals.retryFailed(state), undefined);
    assert.equal(askRetry(state), 'Phase fit is tried again after report.');
    setPhase(state, 2, 'complete');
    assert.ok(beginPass(state));
    assert.equal(state.pass, 2);
    assert.equal(endOf(state), 'complete', 'the pass decides anew');
    assert.equal(state.retryAsked, false);
    setPhase(state, 1, 'complete');
    assert.equal(beginPass(state), false);
  });

  test('is refused where nothing failed, and once the run is ending', () => {
    const state = begun();
    assert.match(refusals.retryFailed(state)!, /Nothing has failed/);
    failed(state, 1, true);
    assert.equal(beginPass(state), false);
    assert.match(refusals.retryFailed(state)!, /The run is ending.*sevenfold retry/);
  });

  test('is refused while a failed or cancelled run is being closed', () => {
    const state = begun();
    failed(state, 0);
    assert.equal(refusals.retryFailed(state), undefined);
    close(state);
    assert.match(refusals.retryFailed(state)!, /The run is ending/);
  });
});

test('a run whose steps are all whole ends complete, after one pass', () => {
  const state = begun();
  for (const index of [0, 1, 2]) setPhase(state, index, 'complete');
  assert.equal(beginPass(state), false);
  assert.equal(endOf(state), 'complete');
  assert.equal(state.pass, 1);
});
