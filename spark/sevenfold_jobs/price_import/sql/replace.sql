-- What is stored of the file's series and is not in the file goes. A price that the file leaves out goes too where the
-- file's own closed day takes its place.
with gone as (
  delete from prices p
   where p.commodity in (select commodity from staged_prices)
     and not exists (select 1 from staged_prices s
                      where s.commodity = p.commodity and s.date = p.date and s.known_at = p.known_at
                        and (s.carried_from is null or not p.is_trading_day))
  returning p.commodity, p.date, p.is_trading_day
)
select commodity, count(*), coalesce(array_agg(date order by date) filter (where is_trading_day), '{}')
  from gone group by commodity order by commodity
