import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidedPath } from '../../../src/kinds/training/path.ts';

const input = { dataset: 'rows.parquet', target: 'y' };
const fits = {
  ...{ rows: 5_000_000, columns: 31, bytes: 3_100_000_000, roomBytes: 4_294_967_296 },
  ...{ validation: 'holdout', folds: 1 },
};
const large = { ...fits, roomBytes: 2_147_483_648 };
const asked = { input, name: 'rows', engine: 'standalone', spreads: 'by size' as const, size: large };

test('rows that fit into half of the memory are fitted natively, whatever the engine', () => {
  assert.equal(decidedPath({ ...asked, size: fits }), 'native');
  assert.equal(decidedPath({ ...asked, size: undefined }), 'native');
});

test('rows that do not are shared by the tasks of a cluster', () => {
  assert.equal(decidedPath(asked), 'distributed');
});

test('who asks for a path gets it', () => {
  const distributed = { ...input, path: 'distributed' as const };
  assert.equal(
    decidedPath({ ...asked, input: distributed, spreads: 'on request', size: undefined }),
    'distributed',
  );
  assert.equal(decidedPath({ ...asked, input: { ...input, path: 'native' }, size: undefined }), 'native');
});

const estimate =
  /rows has 5,000,000 rows of 31 columns, for which fits hold about 2\.9 GB, and half of the memory here is 2\.0 GB/;

test('without a cluster they are refused with the estimate, and with what helps', () => {
  for (const spreads of ['on request', undefined] as const) {
    assert.throws(() => decidedPath({ ...asked, engine: 'local', spreads }), estimate);
    assert.throws(() => decidedPath({ ...asked, engine: 'local', spreads }), /--engine standalone/);
  }
});

test('what tasks do not fit is refused with the estimate as well', () => {
  const others = { ...asked, input: { ...input, models: ['mlp'] } };
  assert.throws(() => decidedPath(others), estimate);
  assert.throws(() => decidedPath(others), /mlp is not fitted on the distributed path\. There are baseline/);
});

test('an engine whose tasks do not see the files of this machine is named', () => {
  assert.throws(
    () =>
      decidedPath({
        ...asked,
        engine: 'dataproc',
        spreads: undefined,
        input: { ...input, path: 'distributed' },
        size: undefined,
      }),
    /whose tasks read the files of this machine, and dataproc is none/,
  );
});
