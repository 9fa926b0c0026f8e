-- How each provider ended for day $1, and since which run date it has not been fresh.
select source, state, required, keys_due as "keysDue", keys_stored as "keysStored", last_good as "lastGood", message,
       case when state <> 'fresh' then
         (select min(e.day) from source_days e
           where e.source = d.source and e.day <= d.day
             and e.day > coalesce((select max(f.day) from source_days f
                                    where f.source = d.source and f.day < d.day and f.state = 'fresh'), '-infinity'))
       end as "downSince"
  from source_days d
 where day = $1
 order by required desc, source
