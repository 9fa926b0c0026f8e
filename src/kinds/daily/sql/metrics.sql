-- Whole means: one row for each pool with history and each day of the grid, nothing outside it, every figure finite,
-- every active pool grouped on the run date.
with with_history as (
  select pool_id, min(date) as first, max(date) as last
    from pool_history where dataset = $2 and date <= $3 and $1::uuid is not null
   group by pool_id
),
bounds as (select min(first) as first, max(last) as last from with_history),
grid as (
  select count(*) * (select last - first + 1 from bounds) as rows from with_history
),
computed as (
  select count(*) as rows,
         count(*) filter (where m.date < b.first or m.date > b.last) as outside,
         -- greatest() skips nulls, and NaN sorts above infinity
         count(*) filter (where greatest(actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d, stddev_apy_7d,
                                         stddev_apy_30d, apy_delta_today_yesterday) >= 'infinity'
                             or least(actual_apy, rolling_apy_7d, rolling_apy_30d,
                                      apy_delta_today_yesterday) <= '-infinity') as not_finite,
         count(*) filter (where stddev_apy_7d < 0 or stddev_apy_30d < 0) as negative,
         count(*) filter (where m.date = b.last) as on_last_day,
         count(*) filter (where m.date = b.last and actual_apy is null) as without_apy,
         count(*) filter (where m.date = b.last and stale_days > 0) as stale
    from bounds b, pool_daily_metrics m
    -- a pool whose first day of history lies after the run date belongs to later runs
    join with_history using (pool_id)
   where m.dataset = $2 and m.date <= $3 and m.metrics_version is not null
),
ungrouped as (
  select count(*) as pools
    from pools p left join pool_daily_metrics m on m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = $3
   where p.dataset = $2 and p.is_active and m.pool_group is null
)
select 'rows' as name, 'block' as severity, computed.rows = grid.rows as passed,
       computed.rows::text as observed, coalesce(grid.rows, 0)::text as expected,
       'pools with history times days from the first to the last' as message
  from computed, grid
union all select 'nothing outside the grid', 'block', outside = 0, outside::text, '0', 'rows of days that have no history at all' from computed
union all select 'finite figures', 'block', not_finite = 0, not_finite::text, '0', 'rows with a figure that is not a finite number' from computed
union all select 'deviations', 'block', negative = 0, negative::text, '0', 'rows with a negative standard deviation' from computed
union all select 'groups', 'block', pools = 0, pools::text, '0', 'active pools without a group on the run date' from ungrouped
union all select 'stale pools', 'warn', stale = 0, stale::text, '0', 'pools whose last APY is carried forward to the last day' from computed
union all select 'pools without APY', 'info', true, without_apy::text, '', 'pools with no observation in the last seven days' from computed
