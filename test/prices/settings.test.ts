import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { loadPriceSettings, readCommodity } from '../../src/prices/settings.ts';

const oil = { commodity: 'OIL', name: 'Oil', unit: 'USD', covariates: [{ name: 'fear' }] };

test('the shipped files are in order, and the covariates stand in the order in which models take them', () => {
  const settings = loadPriceSettings(readConfig().checkout);
  assert.deepEqual(
    settings.map(({ commodity, peer }) => [commodity, peer]),
    [
      ['BRENT', 'WTI'],
      ['SAMPLE', undefined],
      ['WTI', 'BRENT'],
    ],
  );
  for (const { covariates } of settings) {
    assert.deepEqual(
      covariates.map(({ name, use }) => `${name} ${use}`),
      ['vix level', 'peer_close spread', 'henry_hub level'],
    );
  }
});

test('models get names and uses, and nothing of a commodity without a file', () => {
  const { checkout } = readConfig();
  assert.deepEqual(loadPriceSettings(checkout, 'WTI').covariates?.[0], { name: 'vix', use: 'level' });
  assert.deepEqual(loadPriceSettings(checkout, 'COFFEE'), {});
});

for (const [what, changed, expected] of [
  ['a misspelt name', { covariats: [] }, /unknown name "covariats". Did you mean "covariates"/],
  ['a commodity in small letters', { commodity: 'oil' }, /commodity is "oil", but must be a commodity/],
  ['no unit', { unit: undefined }, /unit is missing/],
  [
    'a use that nobody knows',
    { covariates: [{ name: 'fear', use: 'ratio' }] },
    /use is "ratio".*"level" or "spread"/,
  ],
  [
    'a covariate twice',
    { covariates: [{ name: 'fear' }, { name: 'fear' }] },
    /"fear", but must be named once/,
  ],
  ['a commodity that is its own peer', { peer: 'OIL' }, /peer is "OIL", but must be another commodity/],
  ['covariates that are no list', { covariates: 'fear' }, /covariates is "fear", but must be a list/],
] as const) {
  test(`refuses ${what} with the file's name`, () => {
    assert.throws(() => readCommodity('config/prices/OIL.json', { ...oil, ...changed }), {
      name: 'InvalidInput',
      message: new RegExp(`^config/prices/OIL.json: .*${expected.source}`),
    });
  });
}

test('a file must be named after its commodity and hold JSON', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'sevenfold-settings-'));
  after(() => rmSync(checkout, { recursive: true }));
  const file = join(checkout, 'config/prices/CRUDE.json');
  mkdirSync(join(checkout, 'config/prices'), { recursive: true });
  writeFileSync(file, JSON.stringify(oil));
  assert.throws(
    () => loadPriceSettings(checkout),
    /commodity is "OIL", but must be "CRUDE", the name of its file/,
  );
  writeFileSync(file, '{');
  assert.throws(() => loadPriceSettings(checkout), /config\/prices\/CRUDE.json is not JSON/);
});
