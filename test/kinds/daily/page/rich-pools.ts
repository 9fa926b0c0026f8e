/** The pools of a rich day (rich-day.ts): what they yielded on each date, their history and their metrics. */
import type { Database } from '../../../../src/database/pool.ts';
import { addDays, daysBetween } from '../../../../src/planning/days.ts';
import type { Day } from '../../../../src/planning/days.ts';

export const richDate = '2025-06-30';
export const firstDate = '2025-06-20';

interface RichPool {
  id: string;
  symbol: string | null;
  protocol: string;
  chain: string;
  token: string;
  apy: number;
  tvl: number;
  group: number;
  prefilter: string | null;
  filter: string | null;
}

export const richPools: RichPool[] = [
  pool('4e1f0a52', 'USDC', 'aave-v3', 'USDC', 4.61, 412_500_000, 1),
  pool('b53c7a18', 'USDT', 'aave-v3', 'USDT', 4.12, 691_000_000, 1),
  pool('9f0d22c4', 'SUSDE', 'ethena-usde', 'USDC', 7.85, 2_910_000_000, 3),
  pool('71d0c6ab', 'DAI', 'spark', 'USDC', 5.33, 88_400_000, 2),
  pool('0c2b9d7e', 'GTUSDC', 'morpho-blue', 'USDC', 6.27, 45_100_000, 2),
  pool('d8aa1e05', 'USDC-USDT', 'curve-dex', 'USDT', 3.02, 171_000_000, 1),
  pool('a7c41b90', 'CRVUSD', 'yearn-finance', 'USDC', 9.4, 2_300_000, 3),
  { ...pool('5510e3fd', 'USDE', 'fluid-lending', 'USDC', 6.9, 33_000_000, 2), filter: 'icebox: USDe' },
  {
    ...pool('e30f48aa', 'PYUSD', 'kamino-lend', 'USDC', 0.2, 60_000, 4),
    prefilter: 'protocol not approved: kamino-lend; chain not Ethereum: Solana',
    chain: 'Solana',
  },
  {
    ...pool('2b6697f1', null, 'unknown', 'USDC', 12, 1_000_000, 4),
    prefilter: 'nameless: the source gives no symbol',
  },
];

function pool(
  start: string,
  symbol: string | null,
  protocol: string,
  token: string,
  apy: number,
  tvl: number,
  group: number,
): RichPool {
  const id = `${start}-6d2f-4c1b-9a37-${start}0000`;
  return { id, symbol, protocol, chain: 'Ethereum', token, apy, tvl, group, prefilter: null, filter: null };
}

/** A deterministic number from -1 to 1. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 127.1) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

/** The outcome of a day. */
export function actualApy(index: number, day: Day): number {
  const { apy, group } = richPools[index]!;
  const t = daysBetween('2025-01-01', day);
  const swing = [0, 0.03, 0.08, 0.22, 0.3][group]!;
  return round(apy * (1 + swing * Math.sin((t + index * 5) / 6) + swing * 0.4 * noise(t * 31 + index)));
}

export const round = (value: number, digits = 4) => Number(value.toFixed(digits));

export async function fillPools(database: Database, dataset: string, more: number): Promise<void> {
  for (const [i, each] of richPools.entries()) {
    await database.query(
      `insert into pools (dataset, pool_id, symbol, protocol, chain, tvl, apy, underlying_tokens, change_seq)
       values ($1, $2, $3, $4, $5, $6, $7, array[$8], 1)`,
      [dataset, each.id, each.symbol, each.protocol, each.chain, each.tvl, each.apy, each.token],
    );
    const first = addDays(richDate, -75);
    const rows = Array.from({ length: 75 }, (_, k) => {
      const date = addDays(first, k);
      return { date, apy: actualApy(i, date), tvl: round(each.tvl * (1 + 0.002 * noise(k + i * 100)), 2) };
    });
    await database.query(
      `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq)
       select $1, $2, date, apy, tvl, 1 from jsonb_to_recordset($3::jsonb) as r (date date, apy float8, tvl float8)`,
      [dataset, each.id, JSON.stringify(rows)],
    );
  }
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d,
                                     stddev_apy_30d, stale_days, metrics_version)
     select dataset, pool_id, date, apy, tvl,
            round(avg(apy) over week, 4), round(avg(apy) over month, 4), round(stddev_samp(apy) over month, 4), 0, 1
       from (select dataset, pool_id, date, apy::numeric, tvl from pool_history where dataset = $1) h
     window week as (partition by pool_id order by date rows between 6 preceding and current row),
            month as (partition by pool_id order by date rows between 29 preceding and current row)`,
    [dataset],
  );
  for (const each of richPools) {
    await database.query(
      `insert into pool_daily_metrics (dataset, pool_id, date, is_filtered_out, prefilter_reason, filter_reason, pool_group)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        dataset,
        each.id,
        richDate,
        (each.prefilter ?? each.filter) !== null,
        each.prefilter,
        each.prefilter ?? each.filter,
        each.group,
      ],
    );
  }
  if (more === 0) return;
  await database.query(
    `insert into pools (dataset, pool_id, symbol, protocol, chain, tvl, apy, change_seq)
     select $1, md5(n::text)::uuid::text, 'USDC-USDT ' || n, 'a-protocol-of-some-length', 'Ethereum', 8e8 / n, 4, 1
       from generate_series(1, $2::integer) as n`,
    [dataset, more],
  );
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d,
                                     stddev_apy_30d, stale_days, metrics_version)
     select $1, md5(n::text)::uuid::text, $3::date - 1, 2 + n % 7, 8e8 / n, 3.1234, 3.4321, 0.1234, 0, 1
       from generate_series(1, $2::integer) as n`,
    [dataset, more, richDate],
  );
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, is_filtered_out, prefilter_reason, filter_reason, pool_group,
                                     forecasted_apy, forecasted_tvl)
     select $1, md5(n::text)::uuid::text, $3, n % 2 = 0, case when n % 2 = 0 then why end, case when n % 2 = 0 then why end,
            1 + n % 3, 3.1, 8e8 / n
       from generate_series(1, $2::integer) as n,
            (values ('protocol not approved: a-protocol-of-some-length; chain not Ethereum: Arbitrum')) as w (why)`,
    [dataset, more, richDate],
  );
}
