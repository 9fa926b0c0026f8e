-- What was known of the prices of commodity $1 at each of the days $2, in their order: how many rows, and their digest, as
-- lists of the same length. By the newest change on or before the day.
with asked as (
  select * from unnest($2::date[]) with ordinality as d (day, place)
), timeline as (
  select as_of as day, 0 as asked, rows, digest from price_digests($1)
  union all
  select distinct day, 1, null::bigint, null::numeric from asked
), known as (
  select day, first_value(rows) over change as rows, first_value(digest) over change as digest, asked
    from (select *, count(rows) over (order by day, asked) as change_number from timeline) numbered
  window change as (partition by change_number order by day, asked)
)
select coalesce(array_agg(known.rows order by place), '{}')::text as rows,
       coalesce(array_agg(known.digest order by place), '{}')::text as digests
  from asked join known on known.day = asked.day and known.asked = 1
