import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchState, mayFollow, publicState } from '../../src/planning/batch-state.ts';
import type { RecordState } from '../../src/planning/batch-state.ts';

for (const [theirs, number, ours] of [
  ['STATE_UNSPECIFIED', 0, 'PENDING'],
  ['PENDING', 1, 'PENDING'],
  ['RUNNING', 2, 'RUNNING'],
  ['CANCELLING', 3, 'CANCELLING'],
  ['CANCELLED', 4, 'CANCELLED'],
  ['SUCCEEDED', 5, 'SUCCEEDED'],
  ['FAILED', 6, 'FAILED'],
] as const) {
  test(`Dataproc's ${theirs} is ${ours}, by name and by number`, () => {
    assert.deepEqual([theirs, number, String(number)].map(batchState), [ours, ours, ours]);
  });
}

for (const state of ['PAUSED', '', '99', 'undefined', -1, Number.NaN]) {
  test(`an unknown state "${state}" keeps the batch watched`, () =>
    assert.equal(batchState(state), 'PENDING'));
}

for (const [state, shown, text] of [
  ['NEW', 'SUBMITTED', undefined],
  ['SUBMITTING', 'SUBMITTED', undefined],
  ['SUBMITTED', 'SUBMITTED', undefined],
  ['PENDING', 'SUBMITTED', undefined],
  ['RUNNING', 'RUNNING', undefined],
  ['CANCELLING', 'RUNNING', /cancel/],
  ['SUCCEEDED', 'SUCCEEDED', undefined],
  ['FAILED', 'FAILED', undefined],
  ['CANCELLED', 'FAILED', /cancel/],
  ['TIMED_OUT', 'FAILED', /time limit/],
] as const) {
  test(`${state} is shown as ${shown}${text === undefined ? '' : ', with words'}`, () => {
    const found = publicState(state);
    assert.equal(found.state, shown);
    if (text === undefined) assert.equal(found.text, undefined);
    else assert.match(found.text ?? '', text);
  });
}

const ended = ['SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT'] as const;
const all: RecordState[] = ['NEW', 'SUBMITTING', 'SUBMITTED', 'PENDING', 'RUNNING', 'CANCELLING', ...ended];

for (const [from, to] of [
  ['NEW', ['SUBMITTING', 'FAILED', 'CANCELLED']],
  ['SUBMITTING', ['SUBMITTED', 'PENDING', 'RUNNING', 'CANCELLING', ...ended]],
  ['SUBMITTED', ['PENDING', 'RUNNING', 'CANCELLING', ...ended]],
  ['PENDING', ['RUNNING', 'CANCELLING', ...ended]],
  ['RUNNING', ['CANCELLING', ...ended]],
  ['CANCELLING', ended],
  ['SUCCEEDED', []],
  ['FAILED', []],
  ['CANCELLED', []],
  ['TIMED_OUT', []],
] as const) {
  test(`${from} is followed by ${to.length === 0 ? 'nothing' : to.join(', ')}`, () => {
    assert.deepEqual(
      all.filter((state) => mayFollow(from, state)),
      to,
    );
  });
}
