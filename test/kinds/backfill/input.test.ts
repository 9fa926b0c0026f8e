import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuditInput, parseBackfillInput, parseTrainInput } from '../../../src/kinds/backfill/input.ts';
import {
  auditKey,
  backfillKey,
  fitVersion,
  modelVersion,
  trainKey,
} from '../../../src/kinds/backfill/key.ts';

const usual = { commodity: 'WTI', models: ['xgboost'] };

function messageOf(raw: unknown): string {
  const parsed = parseBackfillInput(raw);
  assert.equal(parsed.ok, false);
  return parsed.ok ? '' : parsed.message;
}

test('what cannot be right is refused in one line that names the field', () => {
  const cases: [object, RegExp][] = [
    [{ paths: 0 }, /paths is 0, but must be a whole number from 1 to 100000/],
    [{ paths: 1e9 }, /paths is 1000000000/],
    [{ horizon: 0 }, /horizon is 0, but must be a whole number from 1 to 14/],
    [{ horizon: 15 }, /horizon is 15/],
    [{ start: '2021-02-01', end: '2021-01-01' }, /start 2021-02-01 lies after end 2021-01-01/],
    [
      { end: 'tomorrow' },
      /end is "tomorrow", but must be a day of the calendar as YYYY-MM-DD.* or "yesterday"/,
    ],
    [{ trainFrequency: 'hourly' }, /trainFrequency is "hourly"/],
    [{ chunk: 0 }, /chunk is 0/],
    [{ chunk: 'many' }, /chunk is "many"/],
    [{ models: [] }, /models is empty/],
    [{ pathes: 3 }, /unknown field "pathes". Did you mean "paths"\?/],
  ];
  for (const [wrong, line] of cases) {
    const message = messageOf({ ...usual, ...wrong });
    assert.match(message, line);
    assert.equal(message.includes('\n'), false);
  }
});

test('models are named once, in order, by their own names', () => {
  const parsed = parseBackfillInput({
    commodity: 'wti',
    models: ['xgboost', 'naive', 'sarimax_auto_weather', 'naive'],
  });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.input.models, ['naive', 'sarimax', 'xgboost']);
  assert.equal(parsed.input.commodity, 'WTI');
});

test('an audit takes a share, and a training nothing about paths', () => {
  assert.ok(parseAuditInput({ ...usual, sample: 0.01 }).ok);
  assert.equal(parseAuditInput({ ...usual, sample: 0 }).ok, false);
  assert.equal(parseTrainInput({ ...usual, paths: 5 }).ok, false);
});

test('only options that differ from the defaults make another model version', () => {
  assert.equal(modelVersion('xgboost', {}), 'xgboost');
  assert.equal(modelVersion('xgboost', { paths: 2_000, seed: 0, horizon: 14 }), 'xgboost');
  assert.match(modelVersion('xgboost', { paths: 500 }), /^xgboost@[0-9a-f]{6}$/);
  assert.notEqual(modelVersion('naive', { paths: 500 }), modelVersion('naive', { seed: 500 }));
  assert.equal(
    fitVersion('xgboost', { paths: 500 }),
    'xgboost',
    'a model does not know how many paths are drawn',
  );
  assert.match(fitVersion('xgboost', { calendar: 'calendar' }), /^xgboost@/);
});

test('the key hangs on what is asked for, not on how it is carried out', () => {
  const key = backfillKey({ ...usual, start: '2021-03-02', end: '2021-03-05' }, '2026-01-01');
  assert.match(key, /^backfill\/WTI\/2021-03-02\.\.2021-03-05\/[0-9a-f]{8}$/);
  const same = { ...usual, start: '2021-03-02', end: '2021-03-05', paths: 2_000 };
  assert.equal(
    backfillKey(
      { ...same, chunk: 1, concurrency: 4, partitions: 16, redo: 'all', verifyOnly: true },
      '2026-01-01',
    ),
    key,
  );
  assert.notEqual(backfillKey({ ...same, seed: 1 }, '2026-01-01'), key);
  assert.match(backfillKey(usual, '2026-01-01'), /^backfill\/WTI\/first\.\.2026-01-01\//);
  assert.notEqual(
    auditKey({ ...usual, sample: 0.1 }, '2026-01-01'),
    auditKey({ ...usual, sample: 1 }, '2026-01-01'),
  );
  // The command line has every option in its input, the workflow only those that were given.
  const leftOut = { ...usual, trainFrequency: undefined, calendar: undefined } as unknown as typeof usual;
  assert.equal(trainKey(leftOut, '2026-01-01'), trainKey(usual, '2026-01-01'));
});
