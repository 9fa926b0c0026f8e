/** The runs of a rich day (rich-day.ts) and the days before it, as the ledger has them. */
import type { Database } from '../../../../src/database/pool.ts';
import { storeChecks } from '../../../../src/ledger/checks.ts';
import { layOutUnits } from '../../../../src/ledger/units.ts';
import type { Day } from '../../../../src/planning/days.ts';
import { dailyPhases } from '../../../../src/kinds/daily/phases.ts';
import { firstDate, richDate, round } from './rich-pools.ts';

export async function openRun(database: Database, dataset: string, day: Day | null): Promise<string> {
  const key = day === null ? `evaluate/${dataset}` : `daily/${dataset}/${day}`;
  const start = `${day ?? '2025-06-18'}T00:01:02Z`;
  const { rows } = await database.query<{ run_id: string }>(
    `insert into runs (key, kind, dataset, date, status, workflow_id, workflow_run_id, input, statement, opened_at, claimed_at,
                       finished_at)
     values ($1, $2, $3, $4, $5, $1, 'w', $6, null, $7, $7, $8)
     returning run_id`,
    [
      key,
      day === null ? 'evaluatePools' : 'dailyPipeline',
      dataset,
      day,
      day === richDate ? 'running' : 'complete',
      JSON.stringify({ dataset: 'files', path: '/data/real', date: day }),
      start,
      day === richDate ? null : new Date(Date.parse(start) + 21_400),
    ],
  );
  const runId = rows[0]!.run_id;
  if (day !== null) {
    await layOutUnits(database, runId, dailyPhases);
    await database.query(
      `update units set verdict = 'complete', rows_found = 21000 + position * 7 + $2, rows_due = 21000 + position * 7 + $2,
              detail = case unit when 'prefilter' then '{"passed": 8}' else '{}' end::jsonb
        where run_id = $1`,
      [runId, Number(day.slice(8))],
    );
  }
  return runId;
}

/** Everything around the money of the run date: phases with their times, batches, checks, settings, sources. */
export async function fillRun(database: Database, dataset: string, runId: string): Promise<void> {
  const start = Date.parse(`${richDate}T00:01:02Z`);
  const at = (seconds: number) => new Date(start + seconds * 1000);
  const spans: Record<string, [number, number]> = {
    prepare: [0.1, 0.2],
    ingest: [0.2, 3.4],
    prefilter: [3.4, 3.9],
    metrics: [3.9, 8.2],
    forecast: [8.2, 22.6],
    filter: [22.6, 23.1],
    allocate: [23.1, 23.6],
  };
  const details: Record<string, unknown> = {
    ingest: {
      due: { pools: 10, pool_history: 750 },
      newest: {
        pool_history: '2025-06-29',
        gas_fees_daily: '2025-06-29',
        USDT: '2025-06-20',
        SOFR: '2025-06-27',
      },
    },
    prefilter: { passed: 8 },
    metrics: { stalePrices: [{ symbol: 'USDT', newest: '2025-06-20' }], unpricedTokens: ['BOLD'] },
  };
  for (const [unit, [from, to]] of Object.entries(spans)) {
    await database.query(
      `update units set attempt = 1, started_at = $3, finished_at = $4, detail = $5 where run_id = $1 and unit = $2`,
      [runId, unit, at(from), at(to), JSON.stringify(details[unit] ?? {})],
    );
  }
  await database.query(
    `update units set verdict = 'missing', attempt = 1, rows_due = null, rows_found = null, started_at = $2
      where run_id = $1 and unit = 'report'`,
    [runId, at(23.6)],
  );
  const batches = [
    ['pool_ingest', 'ingest', 0.4, 3.2, 2.4, 310],
    ['pool_metrics', 'metrics', 4.1, 7.6, 5.1, 1312],
    ['pool_forecast', 'forecast', 8.5, 22.3, 21.7, 1904],
  ] as const;
  // One batch without estimates (from an older version), one on this machine, one that is billed.
  const log = { stages: 4, tasks: 9, failedTasks: 0, shuffleMb: 1.5 };
  const costs = [
    ['local', null, null, null],
    [
      'local',
      { usd: 0, seconds: 4.5, coreSeconds: 9, estimator: 'free' },
      { usd: 0, seconds: 3.5, coreSeconds: 7, estimator: 'free' },
      { ...log, peakExecutorMb: 812.5, cpuSeconds: 3.1, offeredCoreSeconds: 6.4, cpuShare: 0.4844 },
    ],
    [
      'dataproc',
      { usd: 0.0122, seconds: 60, dcuHours: 0.2, estimator: 'dcu' },
      { usd: 0.0093, seconds: 13.8, dcuHours: 0.15, gbMonths: 0.0001, estimator: 'dcu' },
      { ...log, peakExecutorMb: 1420, cpuSeconds: 40.2, offeredCoreSeconds: 88.1, cpuShare: 0.4563 },
    ],
  ] as const;
  for (const [i, [job, unit, from, to, cpu, peak]] of batches.entries()) {
    await database.query(
      `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, result, usage, workflow_id,
                            workflow_run_id, submitted_at, started_at, finished_at, cost_estimate, cost_actual, event_log)
       values ($1, $2, $3, 1, $4, $9, 1, 'SUCCEEDED', '{}', $5, $6, 'w', 'w', $7, $7, $8, $10, $11, $12)`,
      [
        `sf-${job.replace('_', '-')}-${dataset.length}0c77ab${i}`,
        runId,
        unit,
        job,
        JSON.stringify(i === 0 ? { warnings: ['1 pool has no history'] } : {}),
        JSON.stringify({ seconds: round(to - from), cpuSeconds: cpu, peakMb: peak }),
        at(from),
        at(to),
        ...costs[i]!,
      ],
    );
  }
  const check = (
    name: string,
    passed: boolean,
    severity: 'block' | 'warn' | 'info',
    observed: string,
    expected: string,
  ) => ({
    name,
    passed,
    severity,
    observed,
    expected,
    message: `what ${name} looks at`,
  });
  await storeChecks(database, runId, 'ingest', [
    check('rows', true, 'block', '760', '760'),
    check('fresh: USDT price', false, 'warn', '2025-06-20', '>= 2025-06-27'),
  ]);
  await storeChecks(database, runId, 'forecast', [check('rows', true, 'block', '8', '8')]);
  await storeChecks(database, runId, 'allocate', [
    check('rows', true, 'block', '1', '1'),
    check('value conserved', true, 'block', '0.000000', '<= 0.01'),
    check('pools held', false, 'info', '4', '5'),
  ]);
  await database.query(
    `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                        approved_protocols_snapshot)
     values ($1, '{"min_pools": 5, "conversion_rate": 0.0004, "profit_optimization": true}', '[{}, {}]', '[{}]', '[{}, {}, {}]')`,
    [runId],
  );
  await database.query(
    `insert into portfolio_comparisons values
       ($1, 'paper', $2, 'held', $3, 999750.5, 1001234.567, 0, $3, '[]'),
       ($1, 'paper', $2, 'weekly', $3, 999750.5, 1001111.25, 42.5, $3::date + 7, '[]')`,
    [dataset, richDate, firstDate],
  );
  await database.query(
    `insert into icebox_tokens values ($1, $2, 'USDe', '2025-06-02', 'close 0.9801 on 2025-06-02 was 1.99 % below the peg of 1.00')`,
    [dataset, richDate],
  );
  await database.query(
    `insert into macroeconomic_data values ($1, 'SOFR', '2025-06-27', 4.3, 'SOFR', 'daily', 1)`,
    [dataset],
  );
}
