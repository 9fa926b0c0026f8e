/** What the phases filter and allocate read of a day: prices, balances, pools, gas, the icebox. Only reads. */
import type { Database } from '../../database/pool.ts';
import { addDays } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { forecastBelievedDays } from '../../pools/allocation/assemble.ts';
import type { Candidate } from '../../pools/allocation/assemble.ts';
import { unknownBaseFeeGwei, unknownEthUsd } from '../../pools/allocation/gas.ts';
import type { ForecastedPool } from '../../pools/final-filter.ts';
import { leastUsualDays, usualDays } from '../../pools/plausible.ts';
import { parseAmount, parsePrice } from '../../pools/portfolio/amounts.ts';
import type { Holding } from '../../pools/portfolio/opening.ts';
import { pricesOn } from '../../pools/portfolio/prices.ts';
import type { Close, TokenPrice } from '../../pools/portfolio/prices.ts';
import { approvedTokensOf, maturityOfPool } from '../../pools/prefilter.ts';
import type { PoolToJudge } from '../../pools/prefilter.ts';
import type { PoolSettings } from '../../pools/settings.ts';

export interface DayOfPortfolio {
  dataset: string;
  portfolio: string;
  date: Day;
}

const poolColumns = `p.pool_id as "poolId", p.protocol, p.chain, p.symbol, p.poolmeta as "poolMeta", p.tvl,
  p.underlying_tokens as "underlyingTokens", p.underlying_token_addresses as "underlyingTokenAddresses"`;

/** The pools that the pre-filter let pass, with what the final filter looks at. */
export async function readForecasted(
  database: Database,
  dataset: string,
  date: Day,
  settings: PoolSettings,
): Promise<ForecastedPool[]> {
  const { rows } = await database.query<PoolToJudge & Omit<ForecastedPool, 'tokens'>>(
    `select ${poolColumns}, m.forecasted_apy as "forecastedApy", m.forecasted_tvl as "forecastedTvl",
            l.apy as "lastApy", past.usual as "usualApy"
       from pools p join pool_daily_metrics m using (dataset, pool_id)
       left join lateral (select h.date, h.apy from pool_history h
                           where h.dataset = p.dataset and h.pool_id = p.pool_id and h.date < $2
                           order by h.date desc limit 1) l on true
       left join lateral (select percentile_cont(0.5) within group (order by h.apy) as usual from pool_history h
                           where h.dataset = p.dataset and h.pool_id = p.pool_id
                             and h.date < l.date and h.date >= l.date - $3::integer
                          having count(*) >= $4) past on true
      where p.dataset = $1 and m.date = $2 and p.is_active and m.prefilter_reason is null
      order by p.pool_id`,
    [dataset, date, usualDays, leastUsualDays],
  );
  return rows.map((pool) => ({ ...pool, tokens: approvedTokensOf(pool, settings) }));
}

/** Prices of the day for these tokens, from closes before it. */
export async function readPrices(
  database: Database,
  dataset: string,
  date: Day,
  tokens: readonly string[],
  { approvedTokens }: PoolSettings,
): Promise<Map<string, TokenPrice>> {
  const closes = await database.query<Close>(
    `select distinct on (symbol) symbol, date, close from token_prices_daily
      where dataset = $1 and date < $2 and close > 0 and lower(symbol) = any($3)
      order by symbol, date desc`,
    [dataset, date, [...new Set(tokens.map((token) => token.toLowerCase()))]],
  );
  return pricesOn(date, tokens, closes.rows, approvedTokens);
}

/** What is wrong with the prices, each in one line. */
export function priceWarnings(prices: ReadonlyMap<string, TokenPrice>): string[] {
  return [...prices]
    .filter(([, { warning }]) => warning !== null)
    .map(([token, { warning }]) => `${token}: ${warning}`)
    .sort();
}

/** The tokens in the icebox on the day. */
export async function readIcebox(database: Database, dataset: string, date: Day): Promise<Set<string>> {
  const { rows } = await database.query<{ token: string }>(
    'select token_symbol as token from icebox_tokens where dataset = $1 and date = $2',
    [dataset, date],
  );
  return new Set(rows.map(({ token }) => token));
}

/** What the day began with, at the prices that it was given. */
export async function readHoldings(
  database: Database,
  dataset: string,
  date: Day,
  portfolio: string,
): Promise<(Holding & { price: bigint })[]> {
  const found = await database.query<{ poolId: string | null; token: string; amount: string; price: string }>(
    `select pool_id as "poolId", token_symbol as token, unallocated_balance + allocated_balance as amount,
            price_usd as price
       from daily_balances
      where dataset = $1 and portfolio = $2 and date = $3 and unallocated_balance + allocated_balance > 0
      order by pool_id nulls first, token_symbol`,
    [dataset, portfolio, date],
  );
  return found.rows.map((row) => ({ ...row, amount: parseAmount(row.amount), price: parsePrice(row.price) }));
}

/** The pools that passed today, and those held, whatever their state, with the newest forecast that is still believed. */
export async function readCandidates(
  database: Database,
  { dataset, date, portfolio }: DayOfPortfolio,
  held: readonly string[],
  settings: PoolSettings,
): Promise<Candidate[]> {
  const found = await database.query<PoolToJudge & Omit<Candidate, 'tokens' | 'maturity'>>(
    `select ${poolColumns}, m.pool_group as group,
            p.is_active and m.forecasted_apy > 0 and m.forecasted_tvl > 0 and not m.is_filtered_out as passes,
            coalesce(m.forecasted_apy, f.forecasted_apy) as "forecastedApy",
            coalesce(m.forecasted_tvl, f.forecasted_tvl) as "forecastedTvl",
            -- what was taken out since it was looked at is no longer there
            o.tvl - coalesce((select sum(s.amount_usd) from allocations a join asset_allocations s using (run_id)
                               where a.dataset = p.dataset and a.portfolio = $5 and a.date > o.date and a.date < $2
                                 and s.pool_id = p.pool_id and s.operation = 'WITHDRAWAL'), 0)::float8 as "observedTvl"
       from pools p
       left join pool_daily_metrics m on m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = $2
       left join lateral (select e.forecasted_apy, e.forecasted_tvl from pool_daily_metrics e
                           where e.dataset = p.dataset and e.pool_id = p.pool_id and e.date < $2 and e.date >= $3
                             and e.forecasted_apy is not null and e.forecasted_tvl is not null
                           order by e.date desc limit 1) f on p.pool_id = any($4)
       left join lateral (select h.date, h.tvl from pool_history h
                           where h.dataset = p.dataset and h.pool_id = p.pool_id and h.date < $2
                           order by h.date desc limit 1) o on p.pool_id = any($4)
      where p.dataset = $1
        and (p.pool_id = any($4)
             or p.is_active and m.forecasted_apy > 0 and m.forecasted_tvl > 0 and not m.is_filtered_out)`,
    [dataset, date, addDays(date, -forecastBelievedDays), held, portfolio],
  );
  return found.rows.map((pool) => ({
    ...pool,
    passes: pool.passes === true,
    tokens: approvedTokensOf(pool, settings),
    maturity: maturityOfPool(pool) ?? null,
  }));
}

/** Gas and the price of ether are believed for as long as metrics and forecasts repeat them. */
const repeatedDays = 7;

/** The base fee and the price of ether that costs are reckoned with; what is older than a week is unknown. */
export async function readGas(
  database: Database,
  dataset: string,
  date: Day,
): Promise<{ baseFeeGwei: number; ethUsd: number; warning: string | null }> {
  const newestOf = (kind: 'gas' | 'eth', value: string, from: string) => `
    select '${kind}' as kind, ${value} as value, date, date >= $2::date - 1 - ${repeatedDays} as fresh
      from ${from} and dataset = $1 and date < $2 order by date desc limit 1`;
  const found = await database.query<{ kind: string; value: number; date: Day | null; fresh: boolean }>(
    `(${newestOf('gas', 'actual_avg_gas_gwei', 'gas_fees_daily where actual_avg_gas_gwei is not null')})
     union all
     (${newestOf('eth', 'close', `token_prices_daily where upper(symbol) = 'ETH' and close > 0`)})
     union all
     select 'forecast', forecasted_avg_gas_gwei, null, forecasted_avg_gas_gwei is not null
       from gas_fees_daily where dataset = $1 and date = $2`,
    [dataset, date],
  );
  const known = (kind: string) => found.rows.find((row) => row.kind === kind && row.fresh)?.value ?? null;
  const since = (kind: string) => {
    const last = found.rows.find((row) => row.kind === kind)?.date;
    return last == null ? '' : ` (newest ${last})`;
  };
  const [baseFeeGwei, eth] = [known('forecast') ?? known('gas'), known('eth')];
  const unknown = [
    ...(baseFeeGwei === null ? [`gas price unknown${since('gas')}: counts ${unknownBaseFeeGwei} gwei`] : []),
    ...(eth === null ? [`price of ether unknown${since('eth')}: counts $${unknownEthUsd}`] : []),
  ];
  return {
    baseFeeGwei: baseFeeGwei ?? unknownBaseFeeGwei,
    ethUsd: eth ?? unknownEthUsd,
    warning: unknown.length === 0 ? null : unknown.join(', '),
  };
}
