import type { Dependencies } from '../../activities/dependencies.ts';
import { inTransaction } from '../../database/pool.ts';
import type { PoolClient } from '../../database/pool.ts';
import { failpoint } from '../../failpoints.ts';
import { portfolioOf, readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { allocate as solveAllocation, stuckIn } from '../../pools/allocation/allocate.ts';
import type { Allocation } from '../../pools/allocation/allocate.ts';
import { assembleProblem } from '../../pools/allocation/assemble.ts';
import { gasCosts } from '../../pools/allocation/gas.ts';
import { withUntouched } from '../../pools/allocation/plan.ts';
import type { Step } from '../../pools/allocation/plan.ts';
import { solverName } from '../../pools/allocation/solver.ts';
import { finalFilterPool } from '../../pools/final-filter.ts';
import { dollarsOf, formatAmount, formatDollars, formatPrice } from '../../pools/portfolio/amounts.ts';
import { paperPortfolio } from '../../pools/portfolio/paper.ts';
import { advanceComparisons, storeComparisons } from './comparisons.ts';
import { dayInHand } from './fetching.ts';
import { onchainPortfolio } from './onchain.ts';
import { followNewestVerdict } from './pool-flags.ts';
import {
  priceWarnings,
  readCandidates,
  readForecasted,
  readGas,
  readHoldings,
  readIcebox,
  readPrices,
} from './portfolio-day.ts';
import type { DayOfPortfolio } from './portfolio-day.ts';
import { settingsOfRun } from './settings-snapshot.ts';

interface PhaseInput {
  fence: Fence;
}

/**
 * Phase filter: the final filter's verdict on every pool that the pre-filter let pass, and what the portfolio holds as
 * the day begins. Safe to repeat: the rows of the day are replaced in one transaction, from what was known before it.
 */
export async function filterPools(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const run = await readRun(deps.database, fence.runId);
  const [dataset, date, portfolio] = [run.dataset, run.date!, portfolioOf(run)];
  const settings = await settingsOfRun(deps, fence.runId);
  const iceboxed = await readIcebox(deps.database, dataset, date);
  const pools = await readForecasted(deps.database, dataset, date, settings);
  const judged = pools.map((pool) => finalFilterPool(pool, iceboxed, settings.parameters));
  const source = portfolio === 'onchain' ? onchainPortfolio(await dayInHand(deps, fence)) : paperPortfolio;
  const opened = await source.open(deps.database, { dataset, date }, settings);
  const prices = await readPrices(
    deps.database,
    dataset,
    date,
    opened.balances.map(({ token }) => token),
    settings,
  );
  const passed = judged.filter((pool) => pool.passed).length;
  await inTransaction(deps.database, async (client) => {
    // What both filters say; a pool that the pre-filter rejected keeps its reasons.
    await client.query(
      `update pool_daily_metrics m
          set filter_reason = coalesce(m.prefilter_reason, judged.reason),
              is_filtered_out = coalesce(m.prefilter_reason, judged.reason) is not null
         from pools p left join unnest($3::text[], $4::text[]) as judged (pool_id, reason) using (pool_id)
        where p.dataset = $1 and p.is_active and m.dataset = $1 and m.date = $2 and m.pool_id = p.pool_id`,
      [dataset, date, judged.map(({ poolId }) => poolId), judged.map(({ reason }) => reason)],
    );
    await followNewestVerdict(client, dataset, date);
    await client.query('delete from daily_balances where dataset = $1 and portfolio = $2 and date = $3', [
      dataset,
      portfolio,
      date,
    ]);
    await client.query(
      `insert into daily_balances (dataset, portfolio, date, token_symbol, pool_id, unallocated_balance,
                                   allocated_balance, carried, accrued, flow, price_usd, price_date)
       select $1, $2, $3, b.token, b.pool_id, case when b.pool_id is null then b.carried + b.accrued + b.flow else 0 end,
              case when b.pool_id is null then 0 else b.carried + b.accrued + b.flow end,
              b.carried, b.accrued, b.flow, b.price, b.price_date
         from jsonb_to_recordset($4::jsonb) as b (token text, pool_id text, carried numeric, accrued numeric,
                                                  flow numeric, price numeric, price_date date)`,
      [
        dataset,
        portfolio,
        date,
        JSON.stringify(
          opened.balances.map(({ poolId, token, carried, accrued, flow }) => ({
            token,
            pool_id: poolId,
            carried: formatAmount(carried),
            accrued: formatAmount(accrued),
            flow: formatAmount(flow),
            price: formatPrice(prices.get(token)!.price),
            price_date: prices.get(token)!.date,
          })),
        ),
      ],
    );
    await passFence(client, fence, {
      rowsDue: judged.length,
      detail: {
        passed,
        rejected: judged.length - passed,
        openedWith: opened.openedWith,
        balances: opened.balances.length,
        warnings: [...opened.warnings, ...priceWarnings(prices)],
        ...opened.detail,
      },
    });
  });
}

/**
 * Phase allocate: decides what to hold and how to get there. Safe to repeat: the decision rests on the day's balances,
 * forecasts and prices alone, the solver is deterministic, and its rows replace those of the day in one transaction.
 * The solver runs before that transaction, in a thread of its own.
 */
export async function allocate(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const run = await readRun(deps.database, fence.runId);
  const [dataset, date, portfolio] = [run.dataset, run.date!, portfolioOf(run)];
  const settings = await settingsOfRun(deps, fence.runId);
  const { parameters } = settings;

  const holdings = await readHoldings(deps.database, dataset, date, portfolio);
  const held = [...new Set(holdings.flatMap(({ poolId }) => poolId ?? []))];
  const candidates = await readCandidates(deps.database, { dataset, date, portfolio }, held, settings);
  const prices = await readPrices(
    deps.database,
    dataset,
    date,
    [...holdings.map(({ token }) => token), ...candidates.flatMap(({ tokens }) => tokens)],
    settings,
  );
  // What the day began with is priced already, and stays so.
  for (const { token, price } of holdings) prices.set(token, { ...prices.get(token)!, price });
  const gas = await readGas(deps.database, dataset, date);
  const boxed = await readIcebox(deps.database, dataset, date);
  const frozen = parameters.icebox_convert ? new Set<string>() : boxed;
  const { problem, untouched } = assembleProblem(
    date,
    parameters,
    gasCosts(parameters, gas.baseFeeGwei, gas.ethUsd),
    holdings,
    candidates,
    prices,
    frozen,
  );
  const solved = await solveAllocation(problem, { timeLimitSeconds: parameters.solver_time_limit_seconds });
  const decided: Allocation = {
    ...solved,
    plan: withUntouched(
      solved.plan,
      untouched.map((holding) => ({ ...holding, price: prices.get(holding.token)!.price })),
    ),
  };
  const compared = await advanceComparisons(
    deps.database,
    { dataset, date, portfolio },
    settings,
    frozen,
    problem.gasUsd,
    decided,
  );
  await failpoint(deps.config.failpoints, 'allocate-solved');

  const steps = JSON.stringify(decided.plan.steps.map((step, i) => recordOf(step, i + 1)));
  await inTransaction(deps.database, async (client) => {
    const day: DayOfPortfolio = { dataset, portfolio, date };
    await storeSteps(client, fence.runId, steps);
    const changed = await storePositions(client, day, decided);
    await storeComparisons(client, day, compared);
    const poolsHeld = new Set(decided.plan.positions.flatMap(({ poolId }) => poolId ?? [])).size;
    await client.query('delete from allocations where dataset = $1 and portfolio = $2 and date = $3', [
      dataset,
      portfolio,
      date,
    ]);
    await client.query(
      `insert into allocations (dataset, portfolio, date, run_id, status, why, gap, objective_usd, value_before_usd,
                                value_after_usd, gas_usd, conversion_usd, projected_apy, horizon_days, candidates,
                                variables, constraints, solve_seconds, solver, eth_price_usd, gas_gwei, pools_wanted,
                                pools_held, previous_date)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
               (select max(date) from allocations where dataset = $1 and portfolio = $2 and date < $3))`,
      [
        dataset,
        portfolio,
        date,
        fence.runId,
        decided.status,
        decided.why,
        decided.gap,
        decided.objectiveUsd?.toFixed(6) ?? null,
        formatDollars(decided.plan.before),
        formatDollars(decided.plan.after),
        formatDollars(decided.plan.gas),
        formatDollars(decided.plan.conversionFees),
        decided.projectedApy,
        parameters.optimization_horizon_days,
        problem.pools.filter(({ mayGrow }) => mayGrow).length,
        decided.variables,
        decided.constraints,
        decided.solveSeconds,
        solverName,
        gas.ethUsd,
        gas.baseFeeGwei,
        parameters.min_pools,
        poolsHeld,
      ],
    );
    // What later days began with was this day's result: they are to be redone.
    if (changed) {
      await client.query(
        'update allocations set stale = true where dataset = $1 and portfolio = $2 and date > $3 and not stale',
        [dataset, portfolio, date],
      );
    }
    const costs = decided.plan.gas + decided.plan.conversionFees;
    await client.query(
      `update allocation_parameters
          set projected_apy = $2, transaction_costs = $3, transaction_sequence = $4 where run_id = $1`,
      [fence.runId, decided.projectedApy, formatDollars(costs), steps],
    );
    await failpoint(deps.config.failpoints, 'allocate-before-commit');
    await passFence(client, fence, {
      rowsDue: decided.plan.positions.length,
      detail: {
        status: decided.status,
        gap: decided.gap,
        why: decided.why,
        valueBeforeUsd: dollarsOf(decided.plan.before),
        valueAfterUsd: dollarsOf(decided.plan.after),
        costsUsd: dollarsOf(costs),
        transactions: decided.plan.steps.filter(({ operation }) => operation !== 'HOLD').length,
        positions: decided.plan.positions.length,
        poolsHeld,
        solveSeconds: decided.solveSeconds,
        stuck: stuckIn(problem, decided),
        warnings: [...priceWarnings(prices), ...(gas.warning === null ? [] : [gas.warning])],
      },
    });
  });
}

/** A transaction as the tables and the pages know it. */
function recordOf(step: Step, number: number) {
  const wallet = 'warm_wallet';
  const [from, to] = {
    HOLD: [step.poolId, step.poolId],
    WITHDRAWAL: [step.poolId, wallet],
    CONVERSION: [wallet, wallet],
    ALLOCATION: [wallet, step.poolId],
  }[step.operation];
  return {
    step_number: number,
    operation: step.operation,
    from_location: from,
    to_location: to,
    from_asset: step.fromAsset,
    to_asset: step.toAsset,
    amount: formatAmount(step.amount),
    amount_received: formatAmount(step.received),
    amount_usd: formatDollars(step.value),
    pool_id: step.poolId,
    gas_cost_usd: formatDollars(step.gas),
    conversion_cost_usd: formatDollars(step.conversionFee),
    total_cost_usd: formatDollars(step.gas + step.conversionFee),
    gas_paid: Object.fromEntries([...step.gasPaid].map(([token, amount]) => [token, formatAmount(amount)])),
  };
}

/** `steps` is a JSON list of what `recordOf` makes. */
async function storeSteps(client: PoolClient, runId: string, steps: string): Promise<void> {
  await client.query('delete from asset_allocations where run_id = $1', [runId]);
  await client.query(
    `insert into asset_allocations (run_id, step_number, operation, from_location, to_location, from_asset, to_asset,
                                    amount, amount_received, amount_usd, pool_id, gas_cost_usd, conversion_cost_usd,
                                    total_cost_usd, gas_paid)
     select $1, s.*
       from jsonb_to_recordset($2::jsonb)
         as s (step_number integer, operation text, from_location text, to_location text, from_asset text, to_asset text,
               amount numeric, amount_received numeric, amount_usd numeric, pool_id text, gas_cost_usd numeric,
               conversion_cost_usd numeric, total_cost_usd numeric, gas_paid jsonb)`,
    [runId, steps],
  );
}

/** Replaces what is held after the day; returns whether it differs from what was stored. */
async function storePositions(
  client: PoolClient,
  { dataset, portfolio, date }: DayOfPortfolio,
  { plan }: Allocation,
): Promise<boolean> {
  const key = [dataset, portfolio, date];
  const digest = async () => {
    const found = await client.query<{ positions: string | null }>(
      `select md5(string_agg(md5((pool_id, token_symbol, amount)::text), '' order by pool_id nulls first, token_symbol))
                as positions
         from allocation_positions where dataset = $1 and portfolio = $2 and date = $3`,
      key,
    );
    return found.rows[0]!.positions;
  };
  const before = await digest();
  await client.query(
    'delete from allocation_positions where dataset = $1 and portfolio = $2 and date = $3',
    key,
  );
  await client.query(
    `insert into allocation_positions (dataset, portfolio, date, pool_id, token_symbol, amount, price_usd)
     select $1, $2, $3, p.*
       from jsonb_to_recordset($4::jsonb) as p (pool_id text, token_symbol text, amount numeric, price_usd numeric)`,
    [
      ...key,
      JSON.stringify(
        plan.positions.map(({ poolId, token, amount, price }) => ({
          pool_id: poolId,
          token_symbol: token,
          amount: formatAmount(amount),
          price_usd: formatPrice(price),
        })),
      ),
    ],
  );
  return (await digest()) !== before;
}
