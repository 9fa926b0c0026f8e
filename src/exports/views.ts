/** One result that can be written to a file: what `export --list` says, and the SQL behind it. */
export interface View {
  name: string;
  description: string;
  /** One select without parameters. It has a column `dataset`; a restriction by data set or day is put around it. */
  sql: string;
  /** The column that `--from` and `--to-date` compare; null where rows have no day. */
  day: 'date' | null;
  /** The columns that fix the order of the rows, so that the same rows make the same file. */
  order: readonly string[];
}

/** Lists and JSON go out as JSON text, secrets are in none of these tables. */
export const views: readonly View[] = [
  {
    name: 'pools',
    description: 'the pools as the source last described them',
    sql: `select dataset, pool_id, name, chain, protocol, symbol, tvl, apy, pool_address,
                 to_jsonb(underlying_tokens) as underlying_tokens,
                 to_jsonb(underlying_token_addresses) as underlying_token_addresses,
                 poolmeta, is_active, currently_filtered_out, last_updated
            from pools`,
    day: null,
    order: ['dataset', 'pool_id'],
  },
  {
    name: 'metrics',
    description: 'metrics of each pool and day: yields, deviations, groups, filters, forecast medians',
    sql: `select dataset, pool_id, date, actual_apy, forecasted_apy, actual_tvl, forecasted_tvl, eth_open, btc_open,
                 gas_price_gwei, is_filtered_out, filter_reason, prefilter_reason, rolling_apy_7d, rolling_apy_30d,
                 apy_delta_today_yesterday, stddev_apy_7d, stddev_apy_30d, stddev_apy_7d_delta, stddev_apy_30d_delta,
                 pool_group, stale_days
            from pool_daily_metrics`,
    day: 'date',
    order: ['dataset', 'pool_id', 'date'],
  },
  {
    name: 'forecasts',
    description: 'the forecast of each pool and day, beside what persistence and the 7-day mean say',
    sql: `select dataset, pool_id, date, asof, method, asof_apy, asof_tvl, mean_apy_7d, forecasted_apy, forecasted_tvl,
                 tvl_q10, tvl_q90
            from pool_forecasts`,
    day: 'date',
    order: ['dataset', 'pool_id', 'date'],
  },
  {
    name: 'forecast-quantiles',
    description: 'quantiles 10, 50 and 90 of the APY, 1 to 7 days ahead',
    sql: `select dataset, pool_id, date, horizon_days, apy_q10, apy_q50, apy_q90 from pool_forecast_quantiles`,
    day: 'date',
    order: ['dataset', 'pool_id', 'date', 'horizon_days'],
  },
  {
    name: 'evaluations',
    description: 'walk-forward evaluations: errors of model, persistence and 7-day mean by day',
    sql: `select r.dataset, e.date, e.population, r.key as run_key, e.run_id, e.pools, e.mae_model, e.mae_persistence,
                 e.mae_mean_7d, e.coverage_80, e.shrink, e.tvl_mdape_model, e.tvl_mdape_persistence
            from forecast_evaluation_days e join runs r using (run_id)`,
    day: 'date',
    order: ['dataset', 'run_key', 'population', 'date'],
  },
  {
    name: 'balances',
    description: 'what the portfolio holds when a day begins, and where that came from',
    sql: `select dataset, portfolio, date, token_symbol, pool_id, wallet_address, unallocated_balance, allocated_balance,
                 carried, accrued, flow, price_usd, price_date
            from daily_balances`,
    day: 'date',
    order: ['dataset', 'portfolio', 'date', 'token_symbol', 'pool_id'],
  },
  {
    name: 'allocations',
    description: 'the decision of each day: status, gap, value before and after, costs',
    sql: `select a.dataset, a.portfolio, a.date, r.key as run_key, a.status, a.why, a.gap, a.objective_usd,
                 a.value_before_usd, a.value_after_usd, a.gas_usd, a.conversion_usd, a.projected_apy, a.horizon_days,
                 a.candidates, a.variables, a.constraints, a.solve_seconds, a.solver, a.eth_price_usd, a.gas_gwei,
                 a.pools_wanted, a.pools_held, a.previous_date, a.stale, a.decided_at
            from allocations a join runs r using (run_id)`,
    day: 'date',
    order: ['dataset', 'portfolio', 'date'],
  },
  {
    name: 'positions',
    description:
      'what the portfolio holds after the transactions of a day; without a pool it is in the wallet',
    sql: `select dataset, portfolio, date, pool_id, token_symbol, amount, price_usd from allocation_positions`,
    day: 'date',
    order: ['dataset', 'portfolio', 'date', 'pool_id', 'token_symbol'],
  },
  {
    name: 'transactions',
    description: 'the transactions of each day in their order, with their costs',
    sql: `select r.dataset, r.date, t.step_number, t.operation, t.from_location, t.to_location, t.from_asset, t.to_asset,
                 t.amount, t.amount_received, t.amount_usd, t.pool_id, t.gas_cost_usd, t.conversion_cost_usd,
                 t.total_cost_usd, t."timestamp", r.key as run_key
            from asset_allocations t join runs r using (run_id)`,
    day: 'date',
    order: ['dataset', 'date', 'run_key', 'step_number'],
  },
  {
    name: 'flows',
    description: 'deposits and withdrawals of the portfolio, as the source has them',
    sql: `select dataset, line, date, token, amount, direction from portfolio_transactions`,
    day: 'date',
    order: ['dataset', 'line'],
  },
  {
    name: 'checks',
    description: 'what was found when the rows of each phase were looked at',
    sql: `select r.dataset, r.date, r.key as run_key, c.unit, c.name, c.severity, c.passed, c.observed, c.expected,
                 c.message, c.checked_at
            from checks c join runs r using (run_id)`,
    day: 'date',
    order: ['dataset', 'run_key', 'unit', 'name'],
  },
  {
    name: 'runs',
    description: 'every run: who holds it, how it ended',
    sql: `select dataset, date, key, kind, run_id, status, attempt, workflow_id, workflow_run_id, priority, input,
                 statement, report, opened_at, claimed_at, finished_at
            from runs`,
    day: 'date',
    order: ['dataset', 'key'],
  },
  {
    name: 'batches',
    description: 'every batch: what it was asked, how it ended, what it took',
    sql: `select r.dataset, r.date, r.key as run_key, b.batch_id, b.unit, b.attempt, b.watchers, b.job, b.engine,
                 b.priority, b.state, b.state_message, b.error_type, b.request, b.result, b.usage, b.submitted_at,
                 b.started_at, b.finished_at
            from batches b join runs r using (run_id)`,
    day: 'date',
    order: ['dataset', 'run_key', 'batch_id'],
  },
];
