import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { chooseEntries, loadSchedules, readSchedules } from '../../src/schedules/entries.ts';
import type { Installation } from '../../src/schedules/entries.ts';
import { schedulableNames } from '../../src/schedules/workflows.ts';
import * as workflows from '../../src/workflows/registered.ts';

const sample: Installation = { checkout: readConfig().checkout, dataset: 'sample', datasetPath: undefined };
const entry = { id: 'daily', workflow: 'dailyPipeline', cron: '1 0 * * *', deadline: '2h' };

function read(change: Record<string, unknown>, installation = sample) {
  return readSchedules([{ ...entry, ...change }], installation);
}

describe('config/schedules.json', () => {
  test('ships the daily run, in order and never paused by a failure, and an hourly look at batches that nobody owns', () => {
    assert.deepEqual(loadSchedules(sample), [
      {
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
      {
        id: 'sweep',
        workflow: 'sweepBatches',
        cron: '17 * * * *',
        input: { mode: 'report' },
        overlap: 'Skip',
        catchUpWindow: '1h',
        pauseOnFailure: false,
        jitter: '0s',
        deadline: '30m',
      },
    ]);
  });

  test('an entry without a data set gets that of the installation, one with its own keeps it', () => {
    const files: Installation = { ...sample, dataset: 'files', datasetPath: '/data/real' };
    assert.deepEqual(read({}, files)[0]!.input, { dataset: 'files', path: '/data/real' });
    assert.deepEqual(read({ input: { parity: true } }, files)[0]!.input, {
      parity: true,
      dataset: 'files',
      path: '/data/real',
    });
    assert.deepEqual(read({ input: { dataset: 'sample' } }, files)[0]!.input, { dataset: 'sample' });
  });

  for (const [what, change, expected] of [
    ['a misspelt field', { crom: 'x' }, /schedule "daily": unknown field "crom"\. Did you mean "cron"\?/],
    ['a misspelt workflow', { workflow: 'dailyPipelin' }, /workflow is .* Did you mean "dailyPipeline"\?/],
    ['a misspelt policy', { overlap: 'BufferAl' }, /Did you mean "BufferAll"\?/],
    [
      'a misspelt field of the input',
      { input: { dataste: 'x' } },
      /unknown field "dataste"\. Did you mean "dataset"/,
    ],
    ['an input with a fixed day', { input: { date: '2026-01-01' } }, /date is the day of the nominal time/],
    ['a cron of six fields', { cron: '0 1 0 * * *' }, /five fields/],
    ['a cron that is none', { cron: '99 0 * * *' }, /cron is "99 0 \* \* \*"/],
    ['a day of month and a day of week at once', { cron: '0 0 1 * 1' }, /read in two ways/],
    ['what only one of the two parsers knows', { cron: '0 0 L * *' }, /five fields/],
    ['a length of time without unit', { deadline: '7200' }, /must be a length of time from 1m to 30d/],
    ['a deadline within the jitter', { jitter: '3h' }, /deadline 2h must be longer than jitter 3h/],
    ['an id that Temporal and shells would read differently', { id: 'Daily run' }, /must be a name/],
    ['no deadline', { deadline: undefined }, /deadline is missing/],
  ] as const) {
    test(`refuses ${what} in one line`, () => {
      assert.throws(
        () => read(change),
        (error: Error) => {
          assert.equal(error.name, 'InvalidInput');
          assert.match(error.message, expected);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      );
    });
  }

  test('an installation on files without a folder hears which variable is missing', () => {
    assert.throws(() => read({}, { ...sample, dataset: 'files' }), /SEVENFOLD_DATASET_PATH/);
  });

  test('refuses two schedules of one id, and names the nearest for an id that is not there', () => {
    assert.throws(() => readSchedules([entry, entry], sample), /two schedules "daily"/);
    const entries = readSchedules([entry], sample);
    assert.throws(() => chooseEntries(entries, ['dialy']), /no schedule "dialy"\. Did you mean "daily"\?/);
    assert.deepEqual(chooseEntries(entries, []), entries);
  });

  test('every workflow that the worker has can be scheduled', () => {
    assert.deepEqual(schedulableNames().sort(), Object.keys(workflows).sort());
  });
});
