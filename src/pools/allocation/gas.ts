import type { PoolParameters } from '../settings.ts';
import type { AllocationProblem } from './problem.ts';

/** What stands in for a base fee or a price of ether that nobody knows. */
export const unknownBaseFeeGwei = 30;
export const unknownEthUsd = 3_000;

/** Dollars for one transaction of each kind, to the millionth: that is what the ledger keeps. */
export function gasCosts(
  parameters: Pick<PoolParameters, Extract<keyof PoolParameters, `gas_${string}`>>,
  baseFeeGwei: number,
  ethUsd: number,
): AllocationProblem['gasUsd'] {
  const gwei = baseFeeGwei + parameters.gas_priority_fee_gwei;
  const dollars = (units: number) => Number((units * gwei * 1e-9 * ethUsd).toFixed(6));
  return {
    withdrawal: dollars(parameters.gas_units_withdrawal),
    conversion: dollars(parameters.gas_units_conversion),
    deposit: dollars(parameters.gas_units_deposit),
  };
}
