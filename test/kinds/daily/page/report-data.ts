import type { DailyReport, ReportedPool } from '../../../../src/kinds/daily/page/data.ts';
import type { Decision, Portfolio } from '../../../../src/kinds/daily/page/data/portfolio.ts';
import type { Unit } from '../../../../src/ledger/units.ts';

const started = new Date('2026-11-20T00:01:02Z');
const after = (seconds: number) => new Date(started.getTime() + seconds * 1000);

export function pool(poolId: string, change: Partial<ReportedPool> = {}): ReportedPool {
  return {
    poolId,
    symbol: 'USDC',
    protocol: 'aave-v3',
    chain: 'Ethereum',
    passed: true,
    reason: null,
    byPrefilter: false,
    group: 1,
    tvl: 482_727_188,
    apy: 3.7253,
    apy7d: 3.8012,
    apy30d: 4.0055,
    stddev30d: 0.5349,
    staleDays: 0,
    forecastApy: 3.71,
    forecastTvl: 482_700_000,
    ...change,
  };
}

export function phase(unit: string, position: number, change: Partial<Unit> = {}): Unit {
  return {
    runId: 'run-1',
    unit,
    kind: 'phase',
    position,
    verdict: 'complete',
    attempt: 1,
    fingerprint: 'f',
    committedFingerprint: 'f',
    committedAttempt: 1,
    rowsDue: 100 + position,
    rowsFound: 100 + position,
    reason: null,
    detail: {},
    startedAt: after(position),
    committedAt: after(position + 0.9),
    finishedAt: after(position + 0.9),
    ...change,
  };
}

export function decision(change: Partial<Decision> = {}): Decision {
  return {
    status: 'optimal',
    why: null,
    gap: 0,
    stale: false,
    solver: 'HiGHS 1.15',
    candidates: 37,
    variables: 310,
    constraints: 270,
    solveSeconds: 0.08,
    horizonDays: 7,
    poolsWanted: 2,
    poolsHeld: 2,
    previousDate: '2026-11-19',
    ethPriceUsd: 3000,
    gasGwei: 1.2,
    projectedApy: 8,
    decidedAt: after(6),
    objectiveUsd: 120,
    valueBeforeUsd: 1_000_101,
    valueAfterUsd: 1_000_094,
    gasUsd: 4,
    conversionUsd: 3,
    costUsd: 7,
    previousValueUsd: 1_000_000,
    priceChangeUsd: 1,
    accruedUsd: 100,
    flowUsd: 0,
    allocatedBeforeUsd: 400_000,
    pricesAssumed: 0,
    allocatedUsd: 800_094,
    idleUsd: 200_000,
    transactions: 1,
    depositedUsd: 400_094,
    withdrawnUsd: 0,
    convertedUsd: 0,
    ...change,
  };
}

export function portfolio(change: Partial<Portfolio> = {}): Portfolio {
  const position = {
    protocol: 'aave-v3',
    group: 1 as const,
    apyQ10: 3.5,
    apyQ90: 4.1,
    forecastOf: '2026-11-20',
    tvl: 482_700_000,
  };
  return {
    name: 'paper',
    decision: decision(),
    heldSince: '2026-11-20',
    positions: [
      { ...position, poolId: 'pool-a', symbol: 'USDC', beforeUsd: 400_000, afterUsd: 400_000, apy: 4 },
      { ...position, poolId: 'pool-b', symbol: 'DAI', beforeUsd: 0, afterUsd: 400_094, apy: 12 },
    ],
    boxed: { usd: 0, idleUsd: 0, tokens: [] },
    comparison: [
      { rule: 'own', since: '2026-11-10', return: 0.0021, costUsd: 21.5 },
      { rule: 'held', since: '2026-11-10', return: 0.0019, costUsd: 0 },
      { rule: 'weekly', since: '2026-11-10', return: 0.0022, costUsd: 60.25 },
    ],
    idle: [{ token: 'USDC', beforeUsd: 600_101, afterUsd: 200_000, amount: 200_000, priceUsd: 1 }],
    transactions: [
      {
        step: 1,
        operation: 'ALLOCATION',
        from: 'warm_wallet',
        to: 'pool-b',
        fromSymbol: null,
        toSymbol: 'DAI',
        fromAsset: 'USDC',
        toAsset: 'USDC',
        amount: 400_094,
        amountReceived: 400_094,
        amountUsd: 400_094,
        gasUsd: 4,
        conversionUsd: 3,
        costUsd: 7,
      },
    ],
    equity: [
      {
        date: '2026-11-19',
        status: 'optimal',
        stale: false,
        openingUsd: 1_000_000,
        closingUsd: 1_000_000,
        costUsd: 0,
        accruedUsd: 0,
        flowUsd: 1_000_000,
      },
      {
        date: '2026-11-20',
        status: 'optimal',
        stale: false,
        openingUsd: 1_000_101,
        closingUsd: 1_000_094,
        costUsd: 7,
        accruedUsd: 100,
        flowUsd: 0,
      },
    ],
    ...change,
  };
}

/** That of a day on which nothing was ever decided. */
export function emptyPortfolio(): Portfolio {
  return portfolio({
    decision: null,
    heldSince: null,
    positions: [],
    idle: [],
    transactions: [],
    equity: [],
    comparison: [],
  });
}

/** A page's data in which every part has something to show. */
export function reportData(change: Partial<DailyReport> = {}): DailyReport {
  return {
    run: {
      runId: 'run-1',
      key: 'daily/files/real/2026-11-20',
      kind: 'dailyPipeline',
      dataset: 'files/real',
      date: '2026-11-20',
      status: 'running',
      attempt: 1,
      workflowId: 'daily/files/real/2026-11-20',
      workflowRunId: 'w',
      priority: 1,
      request: null,
      engine: 'local',
      budgetUsd: null,
      input: { dataset: 'files', path: '/data/real' },
      statement: null,
      report: null,
      openedAt: started,
      claimedAt: started,
      finishedAt: null,
    },
    portfolio: portfolio(),
    forecast: { errors: [], evaluation: [], models: [], fans: [] },
    phases: [
      phase('prepare', 0, { detail: { reused: true } }),
      phase('ingest', 1, { detail: { due: { pools: 3, pool_history: 21_776 } } }),
      phase('prefilter', 2),
      phase('metrics', 3),
      phase('forecast', 4),
      phase('filter', 5),
      phase('allocate', 6),
      phase('report', 7, { verdict: 'missing', finishedAt: null, rowsDue: null, rowsFound: null }),
    ],
    checks: [
      {
        unit: 'ingest',
        name: 'fresh: USDS price',
        severity: 'warn',
        passed: false,
        observed: '2026-05-01',
        expected: '>= 2026-11-17',
        message: 'newest day of the source',
      },
      {
        unit: 'metrics',
        name: 'rows',
        severity: 'block',
        passed: true,
        observed: '21776',
        expected: '21776',
        message: 'rows found against rows due',
      },
    ],
    batches: [
      {
        batchId: 'sf-pool-metrics-0c77ab1e',
        runId: 'run-1',
        unit: 'metrics',
        attempt: 1,
        watchers: 2,
        job: 'pool_metrics',
        engine: 'local',
        state: 'SUCCEEDED',
        stateMessage: null,
        errorType: null,
        progress: null,
        result: {},
        usage: { seconds: 3.38, cpuSeconds: 4.91, peakMb: 1312 },
        costEstimate: null,
        costActual: null,
        eventLog: null,
        submittedAt: started,
        startedAt: started,
        finishedAt: after(4),
      },
    ],
    fallbacks: [],
    figuresOf: '2026-11-19',
    pools: [
      pool('pool-a'),
      pool('pool-b', { symbol: 'DAI', group: 3, tvl: 1_250_000, apy: 12.5 }),
      pool('pool-c', {
        symbol: null,
        protocol: null,
        chain: null,
        passed: false,
        byPrefilter: true,
        reason: 'nameless: the source gives no protocol, chain and symbol',
      }),
      pool('pool-d', {
        passed: false,
        byPrefilter: true,
        chain: 'Base',
        reason: 'protocol not approved: morpho-blue; chain not Ethereum: Base',
      }),
    ],
    icebox: [
      {
        symbol: 'USDe',
        since: '2026-11-02',
        reason: 'close 0.9101 on 2026-11-02 was 8.99 % below the peg of 1.00',
      },
    ],
    stalePrices: [{ symbol: 'USDS', newest: '2026-05-01' }],
    unpricedTokens: ['BOLD', 'GHO'],
    sources: [
      { name: 'pool_history', kind: 'history', newest: '2026-11-20' },
      { name: 'gas_fees_daily', kind: 'gas', newest: '2026-11-19' },
      { name: 'USDS', kind: 'price', newest: '2026-05-01' },
      { name: 'SOFR', kind: 'macro', newest: '2026-09-01' },
    ],
    remarks: [],
    counts: [
      {
        runId: 'run-1',
        date: '2026-11-20',
        status: 'running',
        ingestRows: 110,
        pools: 4,
        passed: 2,
        metricsRows: 103,
        forecastRows: 2,
        positions: 2,
        seconds: null,
      },
      {
        runId: 'run-0',
        date: '2026-11-19',
        status: 'complete',
        ingestRows: 100,
        pools: 4,
        passed: 2,
        metricsRows: 99,
        forecastRows: 2,
        positions: 1,
        seconds: 9.24,
      },
    ],
    settings: {
      parameters: { pool_tvl_limit: 100_000, conversion_rate: 0.0004, profit_optimization: true },
      approvedTokens: 33,
      blacklistedTokens: 6,
      approvedProtocols: 28,
    },
    ...change,
  };
}
