/** A day of an on-chain portfolio from what is stored of it, and the books that the next day begins with. */
import { readConfig } from '../../src/config.ts';
import { onchainPortfolio } from '../../src/kinds/daily/onchain.ts';
import type { OnChainDetail } from '../../src/kinds/daily/onchain.ts';
import { formatAmount } from '../../src/pools/portfolio/amounts.ts';
import { total } from '../../src/pools/portfolio/opening.ts';
import type { Balance } from '../../src/pools/portfolio/opening.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';
import { day } from './rig.ts';
import type { SourceRig } from './rig.ts';

export async function opened(
  rig: SourceRig,
  date = day,
): Promise<{ balances: Balance[]; warnings: string[]; onchain: OnChainDetail }> {
  const settings = loadPoolSettings(readConfig({}).checkout);
  const source = onchainPortfolio(rig.inHand(date));
  const { balances, warnings, detail } = await source.open(rig.database, { dataset: 'live', date }, settings);
  return { balances, warnings, onchain: detail!['onchain'] as OnChainDetail };
}

/** As phase filter stores them: the books of the next day. */
export async function book(rig: SourceRig, balances: readonly Balance[], date = day): Promise<void> {
  for (const balance of balances) {
    const units = formatAmount(total(balance));
    await rig.database.query(
      `insert into daily_balances (dataset, portfolio, date, token_symbol, pool_id, unallocated_balance,
                                   allocated_balance, carried, accrued, flow, price_usd)
       values ('live', 'onchain', $1, $2, $3, case when $3::text is null then $4::numeric else 0 end,
               case when $3::text is null then 0 else $4::numeric end, 0, 0, $4, 1)`,
      [date, balance.token, balance.poolId, units],
    );
  }
}

export const held = (balances: readonly Balance[]): Record<string, string> =>
  Object.fromEntries(balances.map((each) => [each.poolId ?? 'wallet', formatAmount(total(each))] as const));
