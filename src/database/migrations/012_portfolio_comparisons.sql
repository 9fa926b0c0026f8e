-- What the portfolio is held against: the same money under simpler rules, through the same books. `held` leaves the
-- allocation of the first day alone; `weekly` decides every seven days by the APY of the day before. Both begin with what the
-- portfolio held after its decision of day `since`, and have neither deposits nor withdrawals.
create table portfolio_comparisons (
  dataset     text not null,
  portfolio   text not null,
  date        date not null,
  rule        text not null check (rule in ('held', 'weekly')),
  since       date not null,
  start_usd   numeric(24, 6) not null,                   -- worth on day `since`, after its costs
  value_usd   numeric(24, 6) not null,                   -- worth on the day, after its costs
  cost_usd    numeric(20, 6) not null,                   -- gas and conversions after day `since`, summed
  decided_on  date not null,                             -- the newest decision
  positions   jsonb not null,                            -- [{poolId, token, amount}]; poolId null is the wallet
  primary key (dataset, portfolio, rule, date)
);
