-- The day's transactions in the order in which they are to be made.
select s.step_number as step, s.operation, s.from_location as "from", s.to_location as "to",
       f.symbol as "fromSymbol", t.symbol as "toSymbol",
       s.from_asset as "fromAsset", s.to_asset as "toAsset",
       s.amount::double precision, s.amount_received::double precision as "amountReceived",
       s.amount_usd::double precision as "amountUsd",
       s.gas_cost_usd::double precision as "gasUsd",
       s.conversion_cost_usd::double precision as "conversionUsd",
       s.total_cost_usd::double precision as "costUsd"
  from asset_allocations s
  left join pools f on f.dataset = $2 and f.pool_id = s.from_location
  left join pools t on t.dataset = $2 and t.pool_id = s.to_location
 where s.run_id = $1
 order by s.step_number
