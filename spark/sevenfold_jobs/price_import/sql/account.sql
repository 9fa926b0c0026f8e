-- By commodity: what was staged, what it changed, and the stored rows that it left alone.
select s.commodity, s.rows, s.new, s.versions, s.revised, s.unchanged, s.trading_days, s.first, s.last,
       kept.inside, kept.outside, kept.days
  from (select commodity, count(*) as rows,
               count(*) filter (where change = 'new') as new,
               count(*) filter (where change = 'version') as versions,
               count(*) filter (where change = 'revised') as revised,
               count(*) filter (where change = 'unchanged') as unchanged,
               count(distinct date) filter (where is_trading_day) as trading_days,
               min(date) as first, max(date) as last
          from compared_prices group by commodity) s
  cross join lateral (
    select count(*) filter (where p.date between s.first and s.last) as inside,
           count(*) filter (where p.date not between s.first and s.last) as outside,
           coalesce(array_agg(p.date order by p.date)
                      filter (where p.is_trading_day and p.date between s.first and s.last), '{}') as days
      from prices p
     where p.commodity = s.commodity
       and not exists (select 1 from compared_prices c
                        where c.commodity = p.commodity and c.date = p.date and c.known_at = p.known_at)) kept
 order by s.commodity
