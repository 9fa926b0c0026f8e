import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetKey, parseDailyInput, runKey } from '../../../src/kinds/daily/input.ts';
import { phasesOf } from '../../../src/kinds/daily/phases.ts';
import { isParityKey, isSampleKey } from '../../../src/planning/dataset-key.ts';

const day = '2026-11-20';

test('a wallet is asked of the chain, and its day may wait for a person before its page', () => {
  const input = { dataset: 'live', date: day, portfolio: 'onchain', approval: true } as const;
  assert.deepEqual(parseDailyInput(input), { ok: true, input });
  assert.deepEqual(phasesOf(input).slice(-2), ['approval', 'report']);
});

test('takes every field and gives back nothing else', () => {
  const whole = {
    dataset: 'files',
    date: day,
    path: '/data/panel45',
    parity: true,
    force: false,
    forcePhases: ['metrics', 'report'],
    portfolio: 'paper',
  };
  assert.deepEqual(parseDailyInput(whole), { ok: true, input: whole });
});

test('takes the sample without a date, as a schedule starts it', () => {
  assert.deepEqual(parseDailyInput({ dataset: 'sample' }), { ok: true, input: { dataset: 'sample' } });
});

test('a field that is undefined counts as left out', () => {
  assert.deepEqual(parseDailyInput({ dataset: 'sample', path: undefined }), {
    ok: true,
    input: { dataset: 'sample' },
  });
});

const refused: [input: unknown, message: RegExp][] = [
  [undefined, /one JSON object, but is missing/],
  [null, /one JSON object, but is null/],
  [[], /one JSON object, but is \[\]/],
  ['sample', /one JSON object, but is "sample"/],
  [{}, /dataset is missing/],
  [{ dataset: null }, /dataset is null, but must be one of sample, files/],
  [{ dataset: 'smaple' }, /dataset is "smaple".*Did you mean "sample"\?/],
  [{ dataset: 'chain' }, /dataset is "chain", but must be one of sample, files, live\./],
  [{ dataset: 'live', path: '/data/x' }, /path belongs to dataset "files"/],
  [{ datset: 'sample' }, /unknown field "datset"\. Did you mean "dataset"\?/],
  [{ dataset: 'sample', colour: 1 }, /unknown field "colour"\. Known: dataset, date, path/],
  [JSON.parse('{"dataset":"sample","__proto__":{}}'), /unknown field "__proto__"/],
  [{ dataset: 'sample', date: '2025-02-30' }, /date is "2025-02-30", but must be a day of the calendar/],
  [{ dataset: 'sample', date: 20250230 }, /date is 20250230, but must be a day/],
  [{ dataset: 'sample', parity: 'yes' }, /parity is "yes", but must be true or false/],
  [{ dataset: 'sample', force: 1 }, /force is 1, but must be true or false/],
  [{ dataset: 'sample', forcePhases: 'metrics' }, /forcePhases is "metrics", but must be a list/],
  [
    { dataset: 'sample', forcePhases: ['metric'] },
    /forcePhases holds an item that is "metric".*Did you mean "metrics"\?/,
  ],
  [{ dataset: 'sample', forcePhases: [3] }, /forcePhases holds an item that is 3/],
  [{ dataset: 'sample', portfolio: 'bank' }, /portfolio is "bank", but must be one of paper, onchain/],
  [{ dataset: 'sample', portfolio: 'onchain' }, /portfolio "onchain" .* needs dataset "live"/],
  [{ dataset: 'live', portfolio: 'onchain', parity: true }, /parity is for comparison/],
  [{ dataset: 'live', approval: true }, /approval belongs to portfolio "onchain"/],
  [{ dataset: 'sample', path: '/data/x' }, /path belongs to dataset "files"/],
  [{ dataset: 'files' }, /needs path/],
  [{ dataset: 'files', path: '' }, /path is "", but must be text that is not empty/],
  [{ dataset: 'files', path: '..' }, /must end in the name of a folder/],
  [{ dataset: 'files', path: '/' }, /must end in the name of a folder/],
  [{ dataset: 'files', path: '/data/x+parity' }, /"x\+parity" cannot name a data set/],
  [{ dataset: 'files', path: '/data/a\nb' }, /path is "\/data\/a\\nb", but must be text without control/],
];

for (const [input, message] of refused) {
  test(`refuses ${JSON.stringify(input) ?? 'nothing'}`, () => {
    const parsed = parseDailyInput(input);
    assert.equal(parsed.ok, false);
    assert.match(parsed.message, message);
    assert.match(parsed.message, /^Input of dailyPipeline/);
  });
}

test('a refusal stays one short line whatever was sent', () => {
  const parsed = parseDailyInput({ dataset: 'sample', ['x'.repeat(100_000)]: 1 });
  assert.equal(parsed.ok, false);
  assert.ok(parsed.message.length < 300);
  assert.ok(!parsed.message.includes('\n'));
});

for (const [input, key] of [
  [{ dataset: 'sample' }, 'sample'],
  [{ dataset: 'sample', parity: true }, 'sample+parity'],
  [{ dataset: 'files', path: '../shared/panel45' }, 'files/panel45'],
  [{ dataset: 'files', path: '/data/panel45///' }, 'files/panel45'],
  [{ dataset: 'files', path: './real/.', parity: true }, 'files/real+parity'],
] as const) {
  test(`calls ${JSON.stringify(input)} ${key}`, () => assert.equal(datasetKey(input), key));
}

test('a parity run of a day has a business key of its own', () => {
  assert.equal(runKey({ dataset: 'sample' }, day), 'daily/sample/2026-11-20');
  assert.equal(runKey({ dataset: 'sample', parity: true }, day), 'daily/sample+parity/2026-11-20');
});

test('knows parity and sample sets by their key, and no folder by the name of the sample', () => {
  assert.equal(isParityKey('files/real+parity'), true);
  assert.equal(isParityKey('files/real'), false);
  assert.equal(isSampleKey('sample'), true);
  assert.equal(isSampleKey('sample+parity'), true);
  assert.equal(isSampleKey('files/sample'), false);
});
