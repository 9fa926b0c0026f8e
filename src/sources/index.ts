import { gasBounds } from './bounds.ts';
import { chainCalls } from './chain.ts';
import { chainLogs } from './chain-logs.ts';
import { coinbase } from './coinbase.ts';
import { coinmarketcap } from './coinmarketcap.ts';
import { etherscan } from './etherscan.ts';
import { ethplorer } from './ethplorer.ts';
import { fred } from './fred.ts';
import { kraken } from './kraken.ts';
import { llamaAddresses, llamaBlocks, llamaCharts, llamaCoins, llamaPools } from './llama.ts';
import { gasBlocks } from './nodes.ts';
import { nyfed } from './nyfed.ts';
import { pendle } from './pendle.ts';
import type { DayInHand, LiveSource, SourceName } from './source.ts';
import { treasury } from './treasury.ts';

/** Every source, each after those that it hangs on. */
export const sources: readonly LiveSource[] = [
  ...[llamaPools, llamaCharts, llamaAddresses, llamaCoins, llamaBlocks, gasBounds, gasBlocks],
  ...[coinbase, kraken, nyfed, treasury, pendle, coinmarketcap, fred],
  ...[chainCalls, chainLogs, etherscan, ethplorer],
];

/** Those that a day asks: what wallets hold is wanted by a portfolio on the chain alone. */
export function sourcesFor({ wallets }: Pick<DayInHand, 'wallets'>): readonly LiveSource[] {
  return sources.filter(({ onChain }) => onChain !== true || wallets.length > 0);
}

export function sourceNamed(name: SourceName): LiveSource {
  return sources.find((source) => source.name === name)!;
}
