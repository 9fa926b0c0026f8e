-- The days that are due, as few stretches as possible: what the metrics do not have, and what a change since
-- change number `known_change` can have altered.
create table {plan} as
with pools as (
  select pool_id from pool_history where dataset = %(dataset)s group by pool_id
),
known as (
  -- a pool whose whole history was taken back has nothing left to compute
  select pool_id from unnest(%(whole_pools)s::text[]) as whole (pool_id) where pool_id in (select pool_id from pools)
),
due as (
  -- pools that are new, or whose rows are not all there
  select pool_id, daterange(%(first)s, %(last)s, '[]') as days from pools
   where pool_id not in (select pool_id from known)
  union all
  -- days that the others do not have yet, at either end
  select pool_id, missing.days
    from known, unnest(datemultirange(daterange(%(first)s, %(last)s, '[]'))
                       - datemultirange(daterange(%(known_first)s, %(known_last)s, '[]'))) as missing (days)
  union all
  -- an observation that came or changed, as far as it reaches
  select pool_id, daterange(date, least(date + %(lookback)s, %(last)s), '[]')
    from pool_history
   where dataset = %(dataset)s and change_seq > %(known_change)s
  union all
  -- one that the source took back
  select r.series, daterange(greatest(r.date, %(first)s), least(r.date + %(lookback)s, %(last)s), '[]')
    from removed_rows r join known on known.pool_id = r.series
   where r.dataset = %(dataset)s and r.source = 'pool_history' and r.change_seq > %(known_change)s
     and r.date + %(lookback)s >= %(first)s and r.date <= %(last)s
  union all
  -- days whose prices or gas are no longer those in the metrics
  select pool_id, daterange(day, day, '[]') from known, unnest(%(exogenous_days)s::date[]) as changed (day)
),
stretches as (
  select pool_id, unnest(range_agg(days)) as days from due group by pool_id
)
select (row_number() over (order by pool_id, lower(days)))::integer - 1 as stretch,
       pool_id,
       lower(days) as first,
       upper(days) - 1 as last,
       greatest(lower(days) - %(lookback)s, %(first)s) as read_from
  from stretches
