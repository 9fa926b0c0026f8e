import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maturityOf } from '../../src/pools/maturity.ts';

const cases: [texts: (string | null)[], maturity: string | undefined][] = [
  [['PT-USDe-25NOV2021'], '2021-11-25'],
  [['SUSDE', 'For LP | Maturity 26DEC2024'], '2024-12-26'],
  [['PT-sUSDE-27MAR25'], '2025-03-27'],
  [['pendle', 'USDC', 'For buying PT-aUSDC-5 June 2025'], '2025-06-05'],
  [['Term loan, due 31st of March 2025'], '2025-03-31'],
  [['fixed until December 26, 2024'], '2024-12-26'],
  [['fCash DEC2024'], '2024-12-31'],
  [['fCash Feb 2024'], '2024-02-29'],
  [['spectra-v2', 'PT-USDC', 'Maturity 2025-09-24'], '2025-09-24'],
  [['PT-USDC-20250924'], '2025-09-24'],
  [['Maturity 26/12/2024'], '2024-12-26'],
  [['Maturity 12/26/2024'], '2024-12-26'],
  [['Maturity 03/04/2025'], '2025-03-04'],
  [['PT from 01JAN2024 to 27JUN2024'], '2024-06-27'],
  // No maturity: nothing that ends, or no day that exists.
  [['USDC', null], undefined],
  [['aave-v3', 'USDC', 'vault of 2024-12-26'], undefined],
  [['10 markets 2024'], undefined],
  [['PT-USDC-31FEB2024'], undefined],
  [['USD0++', '1 may change'], undefined],
  [['0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'], undefined],
];

for (const [texts, maturity] of cases) {
  test(`${texts.join(' | ')} ends ${maturity ?? 'never'}`, () =>
    assert.equal(maturityOf(...texts), maturity));
}
