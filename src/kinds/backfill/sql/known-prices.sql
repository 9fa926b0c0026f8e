-- What was known of the prices of commodity $1 at each of the days $2, in their order: how many rows, and their digest, as
-- lists of the same length. By the newest change on or before the day; null where there is none.
with asked as (
  select * from unnest($2::date[]) with ordinality as d (day, place)
), digests as materialized (
  select as_of, rows, digest from price_digests($1)
), timeline as (
  select as_of as day, 0 as asked, as_of, null::bigint as place from digests
  union all
  select day, 1, null::date, place from asked
), known as (
  select place, max(as_of) over (order by day, asked) as newest from timeline
)
select coalesce(array_agg(digests.rows order by place), '{}')::text as rows,
       coalesce(array_agg(digests.digest order by place), '{}')::text as digests
  from known left join digests on digests.as_of = known.newest
 where place is not null
