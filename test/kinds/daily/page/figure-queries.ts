/**
 * Where each figure of the daily page stands in the database: for every name that the page uses, a query of its own,
 * written without a look at those of src/pages. Each answers with rows of key and value; a figure that has no key has an
 * empty one. `day` holds what it is asked about: run_id, dataset, date, portfolio.
 */
const position = `
  select p.pool_id, coalesce(sum(p.amount * p.price_usd), 0) as usd
    from allocation_positions p, day
   where (p.dataset, p.portfolio, p.date) = (day.dataset, day.portfolio, day.date) group by p.pool_id`;
const opening = `
  select b.pool_id, sum(b.allocated_balance * b.price_usd) as usd
    from daily_balances b, day
   where (b.dataset, b.portfolio, b.date) = (day.dataset, day.portfolio, day.date) group by b.pool_id`;
const forecastOf = (pool: string, column: string) => `
  (select m.${column} from pool_daily_metrics m, day
    where (m.dataset, m.date, m.pool_id) = (day.dataset, day.date, ${pool}))`;
const inIcebox = `p.token_symbol in (select i.token_symbol from icebox_tokens i, day
    where (i.dataset, i.date) = (day.dataset, day.date))`;
const yieldUsd = `
  (select coalesce(sum(usd * ${forecastOf('held.pool_id', 'forecasted_apy')}), 0)
     from (${position}) held where held.pool_id is not null)`;
const total = `(select sum(usd) from (${position}) everything)`;
const inPools = `(select sum(usd) from (${position}) everything where pool_id is not null)`;

const decided = (expression: string) =>
  `select '' as key, (${expression})::text as value
     from allocations a, day where (a.dataset, a.portfolio, a.date) = (day.dataset, day.portfolio, day.date)`;
const cost = 'a.gas_usd + a.conversion_usd';
const balance = (expression: string) =>
  `select '' as key, (${expression})::text as value
     from daily_balances b, day where (b.dataset, b.portfolio, b.date) = (day.dataset, day.portfolio, day.date)`;
const moved = (operation: string) =>
  `select '' as key, coalesce(sum(amount_usd), 0)::text as value
     from asset_allocations s, day where s.run_id = day.run_id and operation = '${operation}'`;
const one = (expression: string) => `select '' as key, (${expression})::text as value from day`;
const ofStep = (expression: string) =>
  `select step_number::text as key, (${expression})::text as value from asset_allocations s, day where s.run_id = day.run_id`;
/** An expression for every pool that was or is held. */
const ofPool = (expression: string) =>
  `select pool_id as key, (${expression})::text as value
     from (select coalesce(h.pool_id, o.pool_id) as pool_id, coalesce(h.usd, 0) as after, coalesce(o.usd, 0) as before
             from (select * from (${position}) x where pool_id is not null) h
             full join (select * from (${opening}) x where pool_id is not null) o on o.pool_id = h.pool_id) changed`;
const ofIdle = (expression: string) =>
  `select token_symbol as key, (${expression})::text as value from (
     select coalesce(o.token_symbol, h.token_symbol) as token_symbol, o.unallocated_balance, h.amount,
            coalesce(h.price_usd, o.price_usd) as price_usd
       from (select b.* from daily_balances b, day
              where (b.dataset, b.portfolio, b.date) = (day.dataset, day.portfolio, day.date) and pool_id is null) o
       full join (select p.* from allocation_positions p, day
              where (p.dataset, p.portfolio, p.date) = (day.dataset, day.portfolio, day.date) and pool_id is null) h
         on h.token_symbol = o.token_symbol) idle`;
const ofDay = (expression: string) =>
  `select a.date::text as key, (${expression})::text as value
     from allocations a, day where a.dataset = day.dataset and a.portfolio = day.portfolio and a.date <= day.date`;
const balanceOf = (column: string) =>
  `(select coalesce(sum(b.${column} * b.price_usd), 0) from daily_balances b
     where (b.dataset, b.portfolio, b.date) = (a.dataset, a.portfolio, a.date))`;
/** The product of the days' growth since the comparison began, and the two rules beside it. */
const comparedRules = (expression: string) => `
  select r.rule as key, (${expression})::text as value from day, (
    select c.rule, c.since, c.value_usd / c.start_usd - 1 as gain, c.cost_usd as cost
      from portfolio_comparisons c, day where (c.dataset, c.portfolio, c.date) = (day.dataset, day.portfolio, day.date)
    union all
    select 'own', min(since), exp(sum(ln(after / before))) - 1, sum(cost)
      from (select c.since, a.value_after_usd as after, ${cost} as cost,
                   (select p.value_after_usd from allocations p
                     where (p.dataset, p.portfolio, p.date) = (a.dataset, a.portfolio, a.previous_date))
                     + ${balanceOf('flow')} as before
              from allocations a, day, (select min(since) as since from portfolio_comparisons) c
             where (a.dataset, a.portfolio) = (day.dataset, day.portfolio) and a.date > c.since and a.date <= day.date) days
  ) r`;
const error = (column: string) => `abs(f.${column} - h.apy)`;
const pastForecasts = `pool_forecasts f join day on f.dataset = day.dataset and f.date < day.date
       join pool_history h on (h.dataset, h.pool_id, h.date) = (f.dataset, f.pool_id, f.date)
       join pool_forecast_quantiles q on (q.dataset, q.pool_id, q.date, q.horizon_days) = (f.dataset, f.pool_id, f.date, 1)`;
const covered = '(case when h.apy >= q.apy_q10 and h.apy <= q.apy_q90 then 1.0 else 0.0 end)';
const pastDay = (expression: string) =>
  `select f.date::text as key, (${expression})::text as value from ${pastForecasts} group by f.date`;
/** Over all past days, and over all of the newest evaluation by its two populations. */
const overAll = (past: string, evaluated: string) =>
  `select 'past' as key, (${past})::text as value from ${pastForecasts}
    union all
   select population, (${evaluated})::text from forecast_evaluation_days e
     join runs r using (run_id), day where r.dataset = day.dataset group by population`;
const weighed = (column: string) => `sum(e.${column} * e.pools) / sum(e.pools)`;
const model = (column: string) =>
  `select target as key, ${column}::text as value from pool_forecast_models m, day
    where (m.dataset, m.date) = (day.dataset, day.date)`;
const quantile = (column: string) =>
  `select q.pool_id || ' ' || (day.date + q.horizon_days - 1) as key, ${column}::text as value
     from pool_forecast_quantiles q, day
    where q.dataset = day.dataset and q.date = day.date and q.pool_id in (select pool_id from (${position}) x)`;
const unit = (expression: string) =>
  `select unit as key, (${expression})::text as value from units u, day where u.run_id = day.run_id`;
const check = (expression: string) =>
  `select unit || ' ' || name as key, (${expression})::text as value from checks c, day where c.run_id = day.run_id`;
const counts = (expression: string) =>
  `select r.run_id::text as key, (${expression})::text as value from runs r, day
    where r.dataset = day.dataset and r.kind = 'dailyPipeline'`;
const rowsOf = (name: string) =>
  `(select rows_found from units u where u.run_id = r.run_id and unit = '${name}')`;
const passedOf = `(select (detail ->> 'passed')::integer from units u where u.run_id = r.run_id and unit = 'prefilter')`;
const positionsOf = '(select pools_held from allocations a where a.run_id = r.run_id)';
const againstMedian = (expression: string) =>
  one(`(select ${expression} from runs r where r.run_id = day.run_id) /
       (select percentile_cont(0.5) within group (order by (${expression})::float8) from runs r
         where r.dataset = day.dataset and r.kind = 'dailyPipeline' and r.run_id <> day.run_id)::numeric - 1`);
const batch = (expression: string) =>
  `select batch_id as key, (${expression})::text as value from batches b, day where b.run_id = day.run_id`;
const usage = (name: string) => `(usage ->> '${name}')::numeric`;
const inBatch = (column: string, name: string) => `(${column} ->> '${name}')::numeric`;
const usedShare = (column: string) =>
  `${inBatch(column, 'cpuSeconds')} / ${inBatch(column, 'offeredCoreSeconds')}`;
const allBatches = (expression: string) =>
  one(`select ${expression} from batches b where b.run_id = day.run_id`);
const judged = (where: string) =>
  one(`select count(*) from pools p left join pool_daily_metrics m
         on (m.dataset, m.pool_id, m.date) = (p.dataset, p.pool_id, day.date)
        where p.dataset = day.dataset and p.is_active and (${where})`);
/** Figures of the active pools on the last complete day. */
const known = (column: string) =>
  `select p.pool_id as key, m.${column}::text as value from pools p join day on p.dataset = day.dataset and p.is_active
     left join pool_daily_metrics m on (m.dataset, m.pool_id, m.date) = (p.dataset, p.pool_id, day.date - 1)`;
const today = (column: string) =>
  `select p.pool_id as key, m.${column}::text as value from pools p join day on p.dataset = day.dataset and p.is_active
     left join pool_daily_metrics m on (m.dataset, m.pool_id, m.date) = (p.dataset, p.pool_id, day.date)`;
const ofGroup = (where: string) =>
  `select g::text as key, (select count(*) from pool_daily_metrics m join pools p using (dataset, pool_id), day
      where (m.dataset, m.date, m.pool_group) = (day.dataset, day.date, g) and p.is_active and ${where})::text as value
     from generate_series(1, 4) g`;
const ingest = (expression: string) =>
  `select e.key, (${expression})::text as value from units u join day on u.run_id = day.run_id and u.unit = 'ingest',
     jsonb_each_text(u.detail -> 'newest') e`;
const setting = (name: string) =>
  one(`select jsonb_array_length(${name}) from allocation_parameters p where p.run_id = day.run_id`);

export const figureQueries: Record<string, string> = {
  'allocations.status': decided('a.status'),
  'allocations.why': decided('a.why'),
  'allocations.solver': decided('a.solver'),
  'allocations.gap': decided('a.gap'),
  'allocations.candidates': decided('a.candidates'),
  'allocations.variables': decided('a.variables'),
  'allocations.constraints': decided('a.constraints'),
  'allocations.solve_seconds': decided('a.solve_seconds'),
  'allocations.cost_usd': decided(cost),
  'allocations.gas_usd': decided('a.gas_usd'),
  'allocations.conversion_usd': decided('a.conversion_usd'),
  'allocations.minus_gas_usd': decided('-a.gas_usd'),
  'allocations.minus_conversion_usd': decided('-a.conversion_usd'),
  'allocations.gas_gwei': decided('a.gas_gwei'),
  'allocations.eth_price_usd': decided('a.eth_price_usd'),
  'allocations.objective_usd': decided('a.objective_usd'),
  'allocations.pools_held': decided('a.pools_held'),
  'allocations.pools_wanted': decided('a.pools_wanted'),
  'allocations.value_before_usd': decided('a.value_before_usd'),
  'allocations.value_after_usd': decided('a.value_after_usd'),

  'portfolio.deposited_usd': moved('ALLOCATION'),
  'portfolio.withdrawn_usd': moved('WITHDRAWAL'),
  'portfolio.converted_usd': moved('CONVERSION'),
  'portfolio.transactions': one(
    `select count(*) from asset_allocations s where s.run_id = day.run_id and operation <> 'HOLD'`,
  ),
  'portfolio.opened': one(`select count(*) from (${position}) h where pool_id is not null and usd > 0
      and not exists (select 1 from (${opening}) o where o.pool_id = h.pool_id and o.usd > 0)`),
  'portfolio.closed': one(`select count(*) from (${opening}) o where pool_id is not null and usd > 0
      and not exists (select 1 from (${position}) h where o.pool_id = h.pool_id and h.usd > 0)`),
  'portfolio.previous_value_usd': decided(
    `select p.value_after_usd from allocations p where (p.dataset, p.portfolio, p.date) = (a.dataset, a.portfolio, a.previous_date)`,
  ),
  // What the carried tokens are worth today less what they were worth on their own day.
  'portfolio.price_change_usd': decided(
    `(select sum(b.carried * b.price_usd) from daily_balances b where (b.dataset, b.portfolio, b.date) = (a.dataset, a.portfolio, a.date))
     - (select sum(p.amount * p.price_usd) from allocation_positions p where (p.dataset, p.portfolio, p.date) = (a.dataset, a.portfolio, a.previous_date))`,
  ),
  'portfolio.accrued_usd': balance('sum(b.accrued * b.price_usd)'),
  'portfolio.flow_usd': balance('sum(b.flow * b.price_usd)'),
  'portfolio.prices_assumed': balance('count(*) filter (where b.price_date is null)'),
  'portfolio.value_usd': one(total),
  'portfolio.allocated_usd': one(inPools),
  'portfolio.allocated_share': one(`${inPools} / ${total}`),
  'portfolio.idle_usd': one(`select sum(usd) from (${position}) h where pool_id is null`),
  'portfolio.boxed_usd': one(`select coalesce(sum(p.amount * p.price_usd), 0) from allocation_positions p, day
      where (p.dataset, p.portfolio, p.date) = (day.dataset, day.portfolio, day.date) and ${inIcebox}`),
  'portfolio.boxed_share':
    one(`(select coalesce(sum(p.amount * p.price_usd), 0) from allocation_positions p, day
      where (p.dataset, p.portfolio, p.date) = (day.dataset, day.portfolio, day.date) and ${inIcebox}) / ${total}`),
  'portfolio.stuck_usd': one(`select coalesce(sum((s ->> 'usd')::numeric), 0) from units u,
      jsonb_array_elements(coalesce(u.detail -> 'stuck', '[]')) s where u.run_id = day.run_id and u.unit = 'allocate'`),
  'portfolio.average_apy': one(`${yieldUsd} / ${total}`),
  'portfolio.pool_apy': one(`${yieldUsd} / ${inPools}`),
  'portfolio.daily_usd': one(`${yieldUsd} / 36500`),
  'portfolio.annual_usd': one(`${yieldUsd} / 100`),
  'portfolio.net_daily_usd': decided(`${yieldUsd} / 36500 - (${cost}) / a.horizon_days`),
  'portfolio.net_annual_usd': decided(`${yieldUsd} / 100 - (${cost}) * 365 / a.horizon_days`),
  'portfolio.time_weighted_return': `
    select '' as key, (exp(sum(ln(value_after_usd / start))) - 1)::text as value
      from (select a.value_after_usd,
                   coalesce(lag(a.value_after_usd) over (order by a.date) + ${balanceOf('flow')}, a.value_before_usd) as start
              from allocations a, day where a.dataset = day.dataset and a.portfolio = day.portfolio and a.date <= day.date) days`,

  'comparison.return': comparedRules('r.gain'),
  'comparison.annual': comparedRules('r.gain * 365 / (day.date - r.since)'),
  'comparison.cost_usd': comparedRules('r.cost'),

  'equity.value_before_usd': ofDay('a.value_before_usd'),
  'equity.value_after_usd': ofDay('a.value_after_usd'),
  'equity.cost_usd': ofDay(cost),
  'equity.accrued_usd': ofDay(balanceOf('accrued')),
  'equity.flow_usd': ofDay(balanceOf('flow')),

  'positions.before_usd': ofPool('before'),
  'positions.after_usd': ofPool('after'),
  'positions.change_usd': ofPool('after - before'),
  'positions.share': ofPool(`after / ${total}`),
  'positions.apy': ofPool(forecastOf('changed.pool_id', 'forecasted_apy')),
  'positions.apy_q10': ofPool(`(select apy_q10 from pool_forecast_quantiles q, day
      where (q.dataset, q.date, q.pool_id, q.horizon_days) = (day.dataset, day.date, changed.pool_id, 1))`),
  'positions.apy_q90': ofPool(`(select apy_q90 from pool_forecast_quantiles q, day
      where (q.dataset, q.date, q.pool_id, q.horizon_days) = (day.dataset, day.date, changed.pool_id, 1))`),
  'positions.tvl_share': ofPool(`after / ${forecastOf('changed.pool_id', 'forecasted_tvl')}`),
  'positions.group': ofPool(forecastOf('changed.pool_id', 'pool_group')),
  'idle.before_usd': ofIdle('coalesce(unallocated_balance * price_usd, 0)'),
  'idle.after_usd': ofIdle('coalesce(amount * price_usd, 0)'),
  'idle.amount': ofIdle('coalesce(amount, 0)'),
  'idle.price_usd': ofIdle('price_usd'),

  'asset_allocations.operation': ofStep('operation'),
  'asset_allocations.amount': ofStep('amount'),
  'asset_allocations.amount_received': `${ofStep('amount_received')} and from_asset <> to_asset`,
  'asset_allocations.amount_usd': ofStep('amount_usd'),
  'asset_allocations.gas_cost_usd': ofStep('gas_cost_usd'),
  'asset_allocations.conversion_cost_usd': ofStep('conversion_cost_usd'),
  'asset_allocations.total_cost_usd': ofStep('total_cost_usd'),

  'forecast_days.pools': pastDay('count(*)'),
  'forecast_days.model': pastDay(`avg(${error('forecasted_apy')})`),
  'forecast_days.persistence': pastDay(`avg(${error('asof_apy')})`),
  'forecast_days.mean_7d': pastDay(`avg(${error('mean_apy_7d')})`),
  'forecast_days.coverage': pastDay(`avg(${covered})`),
  'forecast_totals.days': overAll('count(distinct f.date)', 'count(*)'),
  'forecast_totals.pools': overAll('count(*)', 'sum(e.pools)'),
  'forecast_totals.model': overAll(`avg(${error('forecasted_apy')})`, weighed('mae_model')),
  'forecast_totals.persistence': overAll(`avg(${error('asof_apy')})`, weighed('mae_persistence')),
  'forecast_totals.mean_7d': overAll(`avg(${error('mean_apy_7d')})`, weighed('mae_mean_7d')),
  'forecast_totals.ratio': overAll(
    `sum(${error('forecasted_apy')}) / sum(${error('asof_apy')})`,
    'sum(e.mae_model * e.pools) / sum(e.mae_persistence * e.pools)',
  ),
  'forecast_totals.coverage': overAll(`avg(${covered})`, weighed('coverage_80')),
  'pool_forecast_models.shrink': model('shrink'),
  'pool_forecast_models.rows': model('rows'),
  'pool_forecast_models.days': model("(detail ->> 'days')"),
  'pool_forecast_models.pools': model("(detail ->> 'pools')"),
  'pool_forecast_models.known_rows': `${model("(detail ->> 'knownRows')")} and (m.detail ->> 'knownRows')::integer > m.rows`,
  'pool_forecast_models.features': model('features'),
  'pool_forecast_models.mae_model': model('mae_model'),
  'pool_forecast_models.mae_persistence': model('mae_persistence'),
  'quantiles.apy_q10': quantile('apy_q10'),
  'quantiles.apy_q50': quantile('apy_q50'),
  'quantiles.apy_q90': quantile('apy_q90'),
  'history.apy': `select pool_id || ' ' || m.date as key, actual_apy::text as value from pool_daily_metrics m, day
    where m.dataset = day.dataset and m.date < day.date and m.date >= day.date - 60
      and pool_id in (select pool_id from (${position}) x)`,

  'units.verdict': unit('verdict'),
  'units.attempt': unit('attempt'),
  'units.rows_due': unit('rows_due'),
  'units.rows_found': unit('rows_found'),
  'units.seconds': unit('extract(epoch from finished_at - started_at)'),
  'checks.all': one('select count(*) from checks c where c.run_id = day.run_id'),
  'checks.held': one('select count(*) from checks c where c.run_id = day.run_id and passed'),
  'checks.passed': check('passed'),
  'checks.severity': check('severity'),
  'checks.observed': check('observed'),
  'checks.expected': check('expected'),
  'sources.newest': ingest('e.value'),
  'sources.age': ingest('day.date - e.value::date'),
  'sources.due': `select e.key, e.value from units u join day on u.run_id = day.run_id and u.unit = 'ingest',
     jsonb_each_text(u.detail -> 'due') e`,
  'counts.ingest_rows': counts(rowsOf('ingest')),
  'counts.pools': counts(rowsOf('prefilter')),
  'counts.passed': counts(passedOf),
  'counts.metrics_rows': counts(rowsOf('metrics')),
  'counts.forecast_rows': counts(rowsOf('forecast')),
  'counts.positions': counts(positionsOf),
  'counts.seconds': counts(`extract(epoch from coalesce(r.finished_at,
      (select max(finished_at) from units u where u.run_id = r.run_id)) - r.claimed_at)`),
  'counts_against_median.ingest_rows': againstMedian(rowsOf('ingest')),
  'counts_against_median.pools': againstMedian(rowsOf('prefilter')),
  'counts_against_median.passed': againstMedian(passedOf),
  'counts_against_median.metrics_rows': againstMedian(rowsOf('metrics')),
  'counts_against_median.forecast_rows': againstMedian(rowsOf('forecast')),
  'counts_against_median.positions': againstMedian(positionsOf),
  'runs.attempt': one('select attempt from runs r where r.run_id = day.run_id'),
  'batches.attempt': batch('attempt'),
  'batches.watchers': batch('watchers'),
  'batches.seconds': batch(usage('seconds')),
  'batches.cpu_seconds': batch(usage('cpuSeconds')),
  'batches.peak_mb': batch(usage('peakMb')),
  'batches.estimate_seconds': batch(inBatch('cost_estimate', 'seconds')),
  'batches.actual_seconds': batch(`coalesce(${inBatch('cost_actual', 'seconds')}, ${usage('seconds')})`),
  'batches.estimate_core_seconds': batch(inBatch('cost_estimate', 'coreSeconds')),
  'batches.core_seconds': batch(inBatch('cost_actual', 'coreSeconds')),
  'batches.estimate_usd': batch(inBatch('cost_estimate', 'usd')),
  'batches.actual_usd': batch(inBatch('cost_actual', 'usd')),
  'batches.cpu_share': batch(usedShare('event_log')),
  'batches.executor_mb': batch(inBatch('event_log', 'peakExecutorMb')),
  'cost.estimate_seconds': allBatches(`sum(${inBatch('cost_estimate', 'seconds')})`),
  'cost.actual_seconds': allBatches(
    `sum(coalesce(${inBatch('cost_actual', 'seconds')}, ${usage('seconds')}))`,
  ),
  'cost.estimate_core_seconds': allBatches(`sum(${inBatch('cost_estimate', 'coreSeconds')})`),
  'cost.core_seconds': allBatches(`sum(${inBatch('cost_actual', 'coreSeconds')})`),
  'cost.estimate_usd': allBatches(`sum(${inBatch('cost_estimate', 'usd')})`),
  'cost.actual_usd': allBatches(`sum(${inBatch('cost_actual', 'usd')})`),
  'cost.cpu_share': allBatches(
    `sum(${inBatch('event_log', 'cpuSeconds')}) / sum(${inBatch('event_log', 'offeredCoreSeconds')})`,
  ),
  'cost.executor_mb': allBatches(`max(${inBatch('event_log', 'peakExecutorMb')})`),
  'cost.run_seconds':
    one(`select extract(epoch from max(u.finished_at) - r.claimed_at) from units u join runs r using (run_id)
      where run_id = day.run_id group by r.run_id`),
  'cost.batch_seconds': allBatches(`sum(${usage('seconds')})`),
  'cost.cpu_seconds': allBatches(`sum(${usage('cpuSeconds')})`),
  'cost.peak_mb': allBatches(`max(${usage('peakMb')})`),

  'pools.active': judged('true'),
  'pools.passed': judged('m.pool_id is not null and not m.is_filtered_out'),
  'pools.rejected': judged('m.is_filtered_out'),
  'pools.rejected_first': judged('m.prefilter_reason is not null'),
  'pools.rejected_final': judged('m.is_filtered_out and m.prefilter_reason is null'),
  'pools.tvl': known('actual_tvl'),
  'pools.apy': known('actual_apy'),
  'pools.apy_7d': known('rolling_apy_7d'),
  'pools.apy_30d': known('rolling_apy_30d'),
  'pools.stddev_30d': known('stddev_apy_30d'),
  'pools.stale_days': known('stale_days'),
  'pools.forecast_apy': today('forecasted_apy'),
  'pools.group': today('pool_group'),
  'groups.passed': ofGroup('not m.is_filtered_out'),
  'groups.all': ofGroup('true'),
  // A reason's kind is what stands before the colon.
  'reasons.pools': `select split_part(reason, ':', 1) as key, count(distinct pool_id)::text as value
     from pool_daily_metrics m, day, unnest(string_to_array(m.filter_reason, '; ')) reason
    where (m.dataset, m.date) = (day.dataset, day.date) group by 1`,
  'settings.parameter': `select e.key, e.value from allocation_parameters p join day using (run_id), jsonb_each_text(p.parameters) e`,
  'settings.approved_tokens': setting('approved_tokens_snapshot'),
  'settings.blacklisted_tokens': setting('blacklisted_tokens_snapshot'),
  'settings.approved_protocols': setting('approved_protocols_snapshot'),
};

/** The same for one figure, ready to be asked with run, data set, date and portfolio. */
export function figureQuery(name: string): string | undefined {
  const query = figureQueries[name];
  return (
    query &&
    `with day as (select $1::uuid as run_id, $2::text as dataset, $3::date as date, $4::text as portfolio) ${query}`
  );
}

/** Shown as a percentage, stored as a share of one. */
export const shares = new Set([
  'allocations.gap',
  'portfolio.allocated_share',
  'portfolio.boxed_share',
  'comparison.return',
  'comparison.annual',
  'portfolio.time_weighted_return',
  'positions.share',
  'positions.tvl_share',
  'pool_forecast_models.shrink',
  'forecast_days.coverage',
  'forecast_totals.coverage',
  'batches.cpu_share',
  'cost.cpu_share',
  ...Object.keys(figureQueries).filter((name) => name.startsWith('counts_against_median.')),
]);
