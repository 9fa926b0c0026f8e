import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nominalTimes } from '../../src/schedules/cron.ts';
import { alertMessage, judge, owedRuns, scheduledWorkflowId } from '../../src/schedules/deadlines.ts';
import type { FoundRun } from '../../src/schedules/deadlines.ts';
import type { AppliedSchedule } from '../../src/schedules/ledger.ts';

const at = (text: string) => new Date(`${text}Z`);

function applied(change: Partial<AppliedSchedule> = {}): AppliedSchedule {
  return {
    id: 'daily',
    spec: {
      id: 'daily',
      workflow: 'dailyPipeline',
      cron: '1 0 * * *',
      input: { dataset: 'sample' },
      overlap: 'BufferAll',
      catchUpWindow: '7d',
      pauseOnFailure: false,
      jitter: '0s',
      deadline: '2h',
    },
    fingerprint: '',
    appliedAt: at('2026-11-01T12:00:00'),
    countsFrom: at('2026-11-01T12:00:00'),
    pauses: [],
    removedAt: null,
    ...change,
  };
}

function owedDays(schedule: AppliedSchedule, now: string): string[] {
  return owedRuns([schedule], at(now)).map(({ nominalTime }) => nominalTime.toISOString().slice(0, 10));
}

function run(change: Partial<FoundRun> = {}): FoundRun {
  return {
    key: 'daily/sample/2026-11-04',
    workflowId: 'daily-2026-11-04T00:01:00Z',
    status: 'running',
    attempt: 1,
    claimedAt: at('2026-11-04T00:01:05'),
    statement: null,
    ...change,
  };
}

describe('which runs a schedule owes', () => {
  test('those since it was applied, up to this minute', () => {
    assert.deepEqual(owedDays(applied(), '2026-11-04T00:00:59'), ['2026-11-02', '2026-11-03']);
    assert.deepEqual(owedDays(applied(), '2026-11-04T00:01:00'), ['2026-11-02', '2026-11-03', '2026-11-04']);
  });

  test('none of the time in which it was paused, nor after it was removed', () => {
    const pauses = [
      { from: at('2026-11-02T12:00:00'), to: at('2026-11-03T12:00:00') },
      { from: at('2026-11-05T00:00:00'), to: null },
    ];
    assert.deepEqual(owedDays(applied({ pauses }), '2026-11-07T12:00:00'), ['2026-11-02', '2026-11-04']);
    assert.deepEqual(owedDays(applied({ removedAt: at('2026-11-06T00:00:00') }), '2026-11-07T12:00:00'), []);
  });

  test('none older than a month: after a long outage the check stays short', () => {
    const days = owedDays(applied({ countsFrom: at('2025-01-01T00:00:00') }), '2026-11-07T12:00:00');
    assert.equal(days.length, 31);
    assert.equal(days[0], '2026-10-08');
  });

  test('a cron of every minute costs a bounded number of runs', () => {
    const busy = applied({ spec: { ...applied().spec, cron: '* * * * *' } });
    assert.equal(owedRuns([busy], at('2026-11-20T00:00:00')).length, 1_000);
  });

  test('each is known by the key of its nominal day and by the id that Temporal gives it', () => {
    const [owed] = owedRuns([applied({ countsFrom: at('2026-11-03T12:00:00') })], at('2026-11-04T01:00:00'));
    assert.equal(owed!.key, 'daily/sample/2026-11-04');
    assert.equal(owed!.workflowId, 'daily-2026-11-04T00:01:00Z');
    assert.equal(scheduledWorkflowId('x', at('2026-11-04T00:01:00')), 'x-2026-11-04T00:01:00Z');
  });

  test('times of a cron are UTC, whatever the zone of the machine and its summer time', () => {
    assert.deepEqual(
      nominalTimes('30 1 * * 0', at('2026-03-20T00:00:00'), at('2026-04-06T00:00:00'), 10).map((time) =>
        time.toISOString(),
      ),
      ['2026-03-22T01:30:00.000Z', '2026-03-29T01:30:00.000Z', '2026-04-05T01:30:00.000Z'],
    );
  });
});

describe('how a run is judged', () => {
  const [owed] = owedRuns([applied({ countsFrom: at('2026-11-03T12:00:00') })], at('2026-11-04T01:00:00'));
  const verdict = (found: FoundRun | undefined, now: string) => judge(owed!, found, at(now));

  test('one that nobody started counts as such a quarter of an hour after its time', () => {
    assert.equal(verdict(undefined, '2026-11-04T00:15:00'), 'open');
    assert.equal(verdict(undefined, '2026-11-04T00:16:01'), 'not_started');
  });

  test('jitter moves the start, never the deadline', () => {
    const jittery = applied({
      spec: { ...applied().spec, jitter: '1h' },
      countsFrom: at('2026-11-03T12:00:00'),
    });
    const [later] = owedRuns([jittery], at('2026-11-04T03:00:00'));
    assert.equal(judge(later!, undefined, at('2026-11-04T01:15:00')), 'open');
    assert.equal(judge(later!, undefined, at('2026-11-04T01:16:01')), 'not_started');
    assert.equal(judge(later!, run(), at('2026-11-04T02:01:01')), 'late');
  });

  test('one that runs, failed or was cancelled is late from its deadline on', () => {
    for (const status of ['running', 'paused', 'failed', 'cancelled', 'partial'] as const) {
      assert.equal(verdict(run({ status }), '2026-11-04T02:01:00'), 'open', status);
      assert.equal(verdict(run({ status }), '2026-11-04T02:01:01'), 'late', status);
    }
  });

  test('one that is complete is never late, however late it was', () => {
    assert.equal(verdict(run({ status: 'complete' }), '2026-11-09T00:00:00'), 'complete');
  });

  test('a day that is redone after its deadline is not late again', () => {
    const redone = run({ attempt: 2, claimedAt: at('2026-11-06T09:00:00') });
    assert.equal(verdict(redone, '2026-11-06T09:01:00'), 'open');
    assert.equal(verdict({ ...redone, claimedAt: at('2026-11-04T01:00:00') }, '2026-11-04T03:00:00'), 'late');
  });

  test('an alert says which run, since when, and what to do', () => {
    assert.equal(
      alertMessage(owed!, undefined, 'not_started'),
      'schedule daily: the run of 2026-11-04 00:01 UTC did not start (deadline 2026-11-04 02:01 UTC). See: npx sevenfold status',
    );
    assert.equal(
      alertMessage(owed!, run(), 'late'),
      'schedule daily: the run of 2026-11-04 00:01 UTC was not complete by 2026-11-04 02:01 UTC: it is running. See: npx sevenfold why daily/sample/2026-11-04',
    );
  });
});
