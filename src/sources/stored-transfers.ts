/** What moved, whoever was asked. */
import { storedAsLogs } from './chain-logs.ts';
import { storedByEtherscan } from './etherscan.ts';
import { storedByEthplorer } from './ethplorer.ts';
import type { DayInHand } from './source.ts';
import { blocksOf } from './transfers.ts';
import type { TransfersOfDay } from './transfers.ts';

/**
 * By what is stored of the day, since keys may have come or gone: the first provider of which nothing is missing. Undefined where
 * the block of the books is not known.
 */
export async function readTransfers(day: DayInHand): Promise<TransfersOfDay | undefined> {
  const span = await blocksOf(day);
  if (span === undefined) return undefined;
  let found: TransfersOfDay | undefined;
  for (const [source, read] of [
    ['etherscan', storedByEtherscan],
    ['ethplorer', storedByEthplorer],
    ['chain-logs', storedAsLogs],
  ] as const) {
    if ((await day.storedAt(source)).size === 0 && source !== 'chain-logs') continue;
    const these = await read(day, span);
    if (these.missing.length === 0) return these;
    found ??= these;
  }
  return found;
}
