-- Stored prices that the file lacks stay: a day with one is not closed just because the file leaves it out,
delete from staged_prices s using prices p
 where s.carried_from is not null and p.commodity = s.commodity and p.date = s.date and p.is_trading_day;

-- the closed days after it carry that price,
update staged_prices s set close = kept.close
  from (select c.commodity, c.date, c.known_at, newest.close
          from staged_prices c
          cross join lateral (
            select p.close from prices p
             where p.commodity = c.commodity and p.is_trading_day and p.date > c.carried_from and p.date < c.date
               and p.known_at <= c.known_at
             order by p.date desc, p.known_at desc limit 1) newest
         where c.carried_from is not null) kept
 where s.commodity = kept.commodity and s.date = kept.date and s.known_at = kept.known_at;

-- and where the file does not adjoin what is stored, the days between are closed: one row a calendar day.
with ends as (
  select commodity, min(date) as first, max(date) as last from staged_prices group by commodity
), before as (
  select e.commodity, e.first, p.date, p.known_at, p.close, p.covariates::text as covariates
    from ends e
    cross join lateral (
      select * from prices p where p.commodity = e.commodity and p.date < e.first
       order by p.date desc, p.known_at desc limit 1) p
), after as (
  select e.commodity, e.last, s.known_at, s.close, s.covariates,
         coalesce((select min(date) from prices p
                    where p.commodity = e.commodity and p.date > e.last and p.is_trading_day),
                  (select max(date) + 1 from prices p where p.commodity = e.commodity and p.date > e.last)) as next
    from ends e
    cross join lateral (
      select * from staged_prices s where s.commodity = e.commodity and s.date = e.last
       order by s.known_at desc limit 1) s
), between_them as (
  select commodity, day::date as day, known_at, close, covariates, date as anchor
    from before, generate_series(date + 1, first - 1, interval '1 day') day
  union all
  select commodity, day::date, known_at, close, covariates, last
    from after, generate_series(last + 1, next - 1, interval '1 day') day
)
insert into staged_prices (commodity, date, known_at, is_trading_day, close, covariates, carried_from, is_between)
select commodity, day, greatest(day, known_at), false, close, covariates, anchor, true from between_them;

-- Covariates that the file lacks keep their known values; a closed day in between keeps all of its values.
with known as (
  select distinct on (s.commodity, s.date, s.known_at) s.commodity, s.date, s.known_at,
         case when s.is_between then p.covariates
              else p.covariates || jsonb_strip_nulls(s.covariates::jsonb) end as covariates
    from staged_prices s
    join prices p on p.commodity = s.commodity and p.date = s.date and p.known_at <= s.known_at
   order by s.commodity, s.date, s.known_at, p.known_at desc
)
update staged_prices s set covariates = known.covariates::text
  from known
 where s.commodity = known.commodity and s.date = known.date and s.known_at = known.known_at
   and s.covariates::jsonb <> known.covariates
