import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../../src/config.ts';
import { parseAuditInput, parseBackfillInput, parseTrainInput } from '../../src/kinds/backfill/input.ts';
import { parseCvInput } from '../../src/kinds/cross-validation/input.ts';
import { parseDailyInput } from '../../src/kinds/daily/input.ts';
import { parseEvaluationInput } from '../../src/kinds/evaluation/input.ts';
import { parseScoringInput } from '../../src/kinds/scoring/input.ts';
import { parseTrainingInput } from '../../src/kinds/training/input.ts';
import { parseImportInput } from '../../src/kinds/prices/input.ts';
import { parseSkipInput } from '../../src/kinds/backfill/skip-input.ts';
import { parseSweepInput } from '../../src/planning/sweep-input.ts';

type Parse = (raw: unknown) => { ok: true; input: object } | { ok: false; message: string };

const placement = { engine: 'local', budgetUsd: 5, partitions: 16 };
const train = {
  ...{
    commodity: 'WTI',
    models: ['naive'],
    trainFrequency: 'monthly',
    start: '2021-03-02',
    end: 'yesterday',
  },
  ...{ calendar: 'trading', concurrency: 2, ...placement },
};
const backfill = { ...train, paths: 10, horizon: 7, seed: 1, draw: 'gaussian', chunk: 'auto' };

/** Each guard with inputs that it takes; between them they have every field. */
const guards: Record<string, { parse: Parse; whole: Record<string, unknown>[] }> = {
  parseDailyInput: {
    parse: parseDailyInput,
    whole: [
      {
        ...{ dataset: 'files', path: '/data/panel', date: '2026-01-31', parity: true, force: false },
        ...{ forcePhases: ['metrics'], portfolio: 'paper', ...placement },
      },
    ],
  },
  parseEvaluationInput: {
    parse: parseEvaluationInput,
    whole: [
      { dataset: 'files', path: '/data/panel', date: '2026-01-31', days: 30, force: true, ...placement },
    ],
  },
  parseImportInput: {
    parse: parseImportInput,
    whole: [
      { path: '/data/prices', commodities: ['WTI'], ...placement },
      { sample: true, ...placement },
    ],
  },
  parseTrainInput: { parse: parseTrainInput, whole: [{ ...train, retrain: true }] },
  parseBackfillInput: {
    parse: parseBackfillInput,
    whole: [{ ...backfill, retrain: false, redo: 'changed', verifyOnly: false, plan: 'abc' }],
  },
  parseAuditInput: { parse: parseAuditInput, whole: [{ ...backfill, sample: 0.5 }] },
  parseTrainingInput: {
    parse: parseTrainingInput,
    whole: [
      {
        ...{
          dataset: 'bank.csv',
          target: 'deposit',
          task: 'classification',
          features: ['age'],
          exclude: ['job'],
        },
        ...{ id: 'row', date: 'day', types: { age: 'number' }, models: ['linear'], metric: 'auc', trials: 3 },
        ...{ parallel: 2, validation: 'folds', folds: 4, oot: ['later.csv'], maxFeatures: 10, seed: 1 },
        ...{ params: { linear: { penalty: { low: 0.1, high: 1 } } }, threshold: 'f1', positive: 'yes' },
        ...{ concurrency: 2, ...placement },
      },
      {
        ...{ dataset: 'bank.csv', target: 'deposit', cost: { falsePositive: 1, falseNegative: 5 } },
      },
    ],
  },
  parseScoringInput: {
    parse: parseScoringInput,
    whole: [
      {
        ...{
          model: '0123456789abcdef',
          dataset: '/data/new.csv',
          output: '/data/scored',
          format: 'csv',
          id: 'row',
        },
        ...placement,
      },
    ],
  },
  parseCvInput: {
    parse: parseCvInput,
    whole: [
      {
        ...{ dataset: 'survival', task: 'survival', time: 't', event: 'e', id: 'id', foldColumn: 'fold' },
        ...{ features: ['a'], exclude: ['b'], categorical: ['c'], strata: ['d'], completeRows: true },
        ...{ models: ['gbsa'], params: { gbsa: { trees: 20 } }, folds: 5, splitter: 'given' },
        ...{ runType: 'sample', mode: 'auto', seed: 1, threads: 1, horizons: [12], jobs: 2 },
        ...{ sparkMaster: 'local[2]', sparkMemory: '4g', pandasBelow: 1, mpBelow: 2, concurrency: 3 },
        ...placement,
      },
      {
        ...{ dataset: '/data/x.parquet', task: 'regression', target: 'y', date: 'day', parity: false },
        ...{ grid: { max_depth: [4, 6] }, sets: [1], gap: 3, splitter: 'timeSeries' },
      },
    ],
  },
  parseSkipInput: {
    parse: parseSkipInput,
    whole: [{ ranges: [{ first: '2021-03-02', last: '2021-03-05' }], reason: 'a holiday' }],
  },
  parseSweepInput: { parse: parseSweepInput, whole: [{ mode: 'report' }] },
};

const unseen = /[\u0000-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** A refusal in one bounded line that a terminal shows as it is, or an input that the guard takes again as it is. */
function judge(parse: Parse, raw: unknown): void {
  const parsed = parse(raw);
  if (parsed.ok) {
    assert.deepEqual(parse(parsed.input), parsed);
    return;
  }
  assert.match(parsed.message, /^Input of \w+/);
  assert.doesNotMatch(parsed.message, unseen);
  assert.ok(parsed.message.length < 1_000, `a message of ${parsed.message.length} characters`);
}

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const anyJson = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }),
  anyText,
  fc.array(anyText),
  fc.dictionary(anyText, fc.dictionary(anyText, fc.oneof(anyText, fc.array(anyText)))),
);

describe('whatever a workflow is started with', () => {
  test('every guard of src/planning and src/kinds is tried here', () => {
    const source = join(readConfig().checkout, 'src');
    const files = ['planning', 'kinds'].flatMap((folder) =>
      readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(source, folder, file)),
    );
    const found = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^export function (parse\w*Input)\b/gm)].map(
        ([, name]) => name!,
      ),
    );
    assert.deepEqual(found.sort(), Object.keys(guards).sort());
  });

  for (const [name, { parse, whole }] of Object.entries(guards)) {
    test(`${name} takes what it is meant to take`, () => {
      for (const input of whole) {
        const parsed = parse(input);
        assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
        assert.deepEqual(parse(parsed.input), parsed);
      }
    });

    test(`${name} refuses any JSON in one line, or takes it`, () => {
      fc.assert(
        fc.property(anyJson, (raw) => judge(parse, raw)),
        { numRuns: 300 },
      );
    });

    test(`${name} refuses any JSON in any field in one line, or takes it`, () => {
      const changed = fc
        .constantFrom(...whole)
        .chain((input) =>
          fc.tuple(
            fc.constant(input),
            fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.keys(input)) }, anyText),
            anyJson,
          ),
        );
      fc.assert(
        fc.property(changed, ([input, field, value]) =>
          judge(parse, Object.fromEntries([...Object.entries(input), [field, value]])),
        ),
        { numRuns: 700 },
      );
    });

    test(`${name} takes the names that every object has for no values of ours`, () => {
      for (const word of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) {
        const object = Object.fromEntries([[word, Object.fromEntries([[word, 1]])]]);
        for (const input of whole) {
          for (const field of [...Object.keys(input), word]) {
            for (const value of [word, [word], object]) {
              judge(parse, Object.fromEntries([...Object.entries(input), [field, value]]));
            }
          }
        }
      }
    });

    test(`${name} answers at once, however large or deep its input is`, { timeout: 20_000 }, () => {
      const [input] = whole;
      let deep: unknown = [];
      for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];
      const large: unknown[] = [
        'x'.repeat(50_000_000),
        '\u0000'.repeat(50_000_000),
        new Array<string>(3_000_000).fill('x'),
        Object.fromEntries(Array.from({ length: 300_000 }, (_, index) => [`field${index}`, index])),
        deep,
        Array.from({ length: 240_000 }, (_, index) => index),
        Array.from({ length: 90_000 }, (_, index) => `c${index}`),
      ];
      for (const value of large) {
        judge(parse, value);
        for (const field of Object.keys(input!)) judge(parse, { ...input, [field]: value });
      }
    });
  }

  test('two long lists of a cross-validation are compared at once', { timeout: 5_000 }, () => {
    const names = (letter: string) => Array.from({ length: 60_000 }, (_, index) => `${letter}${index}`);
    judge(parseCvInput, {
      ...guards['parseCvInput']!.whole[1],
      ...{ features: names('a'), exclude: names('b') },
    });
    const values = Array.from({ length: 200_000 }, (_, index) => index);
    judge(parseCvInput, { dataset: 'd', task: 'regression', grid: { max_depth: values } });
  });
});
