import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDailyReport } from '../../../../src/kinds/daily/page/report.ts';
import { textOf } from '../../../support/read-page.ts';
import { decision, phase, pool, emptyPortfolio, portfolio, reportData } from './report-data.ts';

const data = reportData();
const page = renderDailyReport(data);
const text = textOf(page);

test('the same data gives the same page', () => assert.equal(renderDailyReport(reportData()), page));

test('says what the run is and that it is complete, while its own phase is still open', () => {
  assert.match(
    text,
    /daily 2026-11-20 · files\/real ✓ complete The best allocation, proved: \$400,094 put into pools/,
  );
  assert.match(page, /<title>daily 2026-11-20 · files\/real · complete<\/title>/);
  assert.match(text, /paper portfolio/);
});

test('shows each phase with verdict, work, rows and time', () => {
  assert.match(text, /prepare ✓ complete reused 1 100 100 –/);
  assert.match(text, /ingest ✓ complete computed 1 101 101 0\.9 s/);
  assert.match(text, /report · this page/);
});

test('shows checks that fail before those that hold, with severity', () => {
  assert.match(text, /1 of 2 hold; none blocks, 1 to be aware of/);
  assert.ok(text.indexOf('fresh: USDS price ingest ! warns warn') > 0);
  assert.ok(text.indexOf('rows metrics ✓ holds block 21,776 21,776') > text.indexOf('fresh: USDS price'));
});

test('shows the figures of the pools that passed, by TVL, with units', () => {
  assert.match(text, /USDC aave-v3 \$482,727,188 3\.73 % 3\.71 % 3\.80 % 4\.01 % 0\.53 pp 1 calm fresh/);
  assert.match(text, /DAI aave-v3 \$1,250,000 12\.50 % .* 3 volatile fresh/);
  assert.match(text, /Figures of 2026-11-19, the last complete day/);
});

test('counts the reasons and lists every rejected pool with its own', () => {
  assert.match(text, /2 pools: 2 by the first filter .* 0 by the final one/);
  assert.match(text, /protocol not approved 1/);
  assert.match(
    text,
    /nameless – – \$482,727,188 3\.71 % first nameless: the source gives no protocol, chain and symbol/,
  );
  assert.match(
    text,
    /Base \$482,727,188 3\.71 % first protocol not approved: morpho-blue chain not Ethereum: Base pool-d/,
  );
});

test('shows icebox, stale and missing prices', () => {
  assert.match(text, /USDe 2026-11-02 close 0\.9101/);
  assert.match(text, /Stale prices count 1\.00 and change nothing here: USDS \(2026-05-01\)/);
  assert.match(text, /BOLD, GHO/);
});

test('holds the newest day of each source against the run date; macro series may lag', () => {
  assert.match(text, /pool history table 2026-11-20 0 days ✓ fresh/);
  assert.match(text, /gas fees table 2026-11-19 1 day ✓ fresh/);
  assert.match(text, /USDS price 2026-05-01 203 days ! stale/);
  assert.match(text, /SOFR macro series 2026-09-01 80 days ✓ fresh/);
});

test('holds the row counts against those of earlier runs', () => {
  assert.match(text, /2026-11-20 · this run 110 4 2 103 2 2/);
  assert.match(text, /2026-11-19 ✓ complete 100 4 2 99 2 1 9\.2 s/);
  assert.match(text, /median of the others \+10\.0 % 0\.0 % 0\.0 % \+4\.0 % 0\.0 % \+100\.0 %/);
});

test('shows batches with engine, time and memory, and the settings', () => {
  assert.match(text, /sf-pool-metrics-0c77ab1e pool_metrics local ✓ succeeded 1 2 3\.4 s 4\.9 s 1,312 MB/);
  assert.match(text, /conversion_rate 0\.0004/);
  assert.match(text, /33 approved tokens, 6 blacklisted tokens, 28 approved protocols/);
});

test('batches from before estimates were made have none, and no table of dashes', () => {
  assert.match(text, /It ran on this machine: it cost nothing\./);
  assert.doesNotMatch(text, /CPU of offered/);
});

test('estimate and actual stand side by side; what is not known is a dash', () => {
  const [first] = data.batches;
  const eventLog = {
    ...{ stages: 2, tasks: 4, failedTasks: 0, peakExecutorMb: 640, shuffleMb: 0 },
    ...{ cpuSeconds: 1, offeredCoreSeconds: 4, cpuShare: 0.25 },
  };
  const measured = {
    ...first!,
    batchId: 'sf-measured-00000001',
    costEstimate: { usd: 0, seconds: 5, coreSeconds: 10, estimator: 'free' as const },
    costActual: { usd: 0, seconds: 3.4, coreSeconds: 6.8, estimator: 'free' as const },
    eventLog,
  };
  const page = textOf(renderDailyReport(reportData({ batches: [first!, measured] })));
  assert.match(page, /Batch Expected Took Cores expected Cores CPU of offered Executor memory/);
  assert.match(page, /sf-pool-metrics-0c77ab1e – 3\.4 s – – – –/);
  assert.match(page, /sf-measured-00000001 5\.0 s 3\.4 s 10\.0 s 6\.8 s 25\.0 % 640 MB/);
  const billed = {
    ...measured,
    engine: 'dataproc',
    costEstimate: { usd: 0.0123, seconds: 60, dcuHours: 0.2, estimator: 'dcu' as const },
    costActual: null,
    eventLog: null,
  };
  const paid = textOf(renderDailyReport(reportData({ batches: [billed] })));
  assert.match(paid, /sf-measured-00000001 1 min 00 s 3\.4 s – – \$0\.0123 – – –/);
  assert.match(paid, /dataproc bills –, as far as it has reported; \$0\.0123 were expected\./);
});

test('an engine that was asked for in vain is named in one line, with the reason', () => {
  const fallbacks = [{ from: 'dataproc', to: 'local', reason: 'GCP_REGION is not set', batches: 3 }];
  assert.match(
    textOf(renderDailyReport(reportData({ fallbacks }))),
    /dataproc was asked for and is not used: GCP_REGION is not set\. 3 batches went to local\./,
  );
});

test('sample data is marked beyond mistake, and only sample data', () => {
  const sample = renderDailyReport(reportData({ run: { ...data.run, dataset: 'sample' } }));
  assert.match(textOf(sample), /^ *SAMPLE DATA Generated by sevenfold/);
  assert.doesNotMatch(text, /SAMPLE/);
  assert.doesNotMatch(text, /PARITY/);
});

test('parity runs are marked, and their groups carry no name of the corrected rule', () => {
  const parity = textOf(renderDailyReport(reportData({ run: { ...data.run, dataset: 'sample+parity' } })));
  assert.match(parity, /SAMPLE DATA .*PARITY Metrics and groups follow the original's rules/);
  assert.doesNotMatch(parity, /\bcalm\b/);
});

test('a failed phase decides the verdict and gives its reason', () => {
  const phases = [
    phase('ingest', 0),
    phase('metrics', 1, { verdict: 'failed', reason: 'rows: found 7, expected 9' }),
  ];
  const failed = textOf(renderDailyReport(reportData({ phases })));
  assert.match(failed, /✕ failed Phase metrics failed: rows: found 7, expected 9/);
});

test('a run that ended says what the ledger says', () => {
  const run = {
    ...data.run,
    status: 'cancelled' as const,
    statement: 'was cancelled; left: metrics',
    finishedAt: new Date(),
  };
  assert.match(textOf(renderDailyReport(reportData({ run }))), /! cancelled was cancelled; left: metrics/);
});

test('a day that kept what it had says so before anything else', () => {
  for (const status of ['infeasible', 'failed'] as const) {
    const why = 'the limits leave room for 70 % only';
    const kept = portfolio({ decision: decision({ status, why, gap: null, transactions: 0 }) });
    const page = renderDailyReport(reportData({ portfolio: kept }));
    assert.match(textOf(page), new RegExp(`^ *KEPT The day has no allocation of its own \\(${status}\\)`));
    assert.match(
      textOf(page),
      /! complete .*\(\s?the limits leave room for 70 % only\)\. Kept yesterday's allocation/,
    );
    assert.doesNotMatch(textOf(page), /best allocation|Optimal/);
  }
});

test('holds the portfolio against simpler rules, the best first, net of costs', () => {
  assert.match(
    text,
    /Since 2026-11-10, 10 days: .* decided weekly, by the day before's APY \+0\.220 % \+8\.030 % \$60\.25 this portfolio, decided daily \+0\.210 % \+7\.665 % \$21\.50 the first allocation, simply held \+0\.190 % \+6\.935 % \$0\.00/,
  );
});

test('what matters most stands first: money in tokens that lost their peg, lost, stuck or idle', () => {
  const boxed = { usd: 731_000, idleUsd: 150_000, tokens: ['DAI', 'USDC'] };
  const phases = [phase('allocate', 6, { detail: { stuck: [{ poolId: 'a', usd: 71_176, holdsUsd: 0 }] } })];
  const bad = portfolio({ boxed, decision: decision({ priceChangeUsd: -4_910.25 }) });
  const shown = textOf(renderDailyReport(reportData({ portfolio: bad, phases })));
  assert.match(
    shown,
    /! complete \$731,000 \( ?73\.1 %\) are in tokens that lost their peg: DAI, USDC\. They are kept.*changed the value by -\$4,910\.25 since 2026-11-19\. \$71,176 could not leave a pool that does not hold them.*The best allocation, proved/,
  );
  const idle = portfolio({
    idle: [{ token: 'USDC', beforeUsd: 0, afterUsd: 600_000, amount: 600_000, priceUsd: 1 }],
  });
  assert.match(
    textOf(renderDailyReport(reportData({ portfolio: idle }))),
    /! complete \$600,000 earn nothing/,
  );
});

test('a solver that ran out of time is never called optimal, and its gap is shown', () => {
  const feasible = portfolio({ decision: decision({ status: 'feasible', gap: 0.0123, why: 'time limit' }) });
  const shown = textOf(renderDailyReport(reportData({ portfolio: feasible })));
  assert.match(shown, /A good allocation, at most 1\.23 % below the best/);
  assert.doesNotMatch(shown, /Optimal|allocation, proved/);
});

test('an allocation whose past was redone since says so', () => {
  const stale = portfolio({ decision: decision({ stale: true }) });
  assert.match(
    textOf(renderDailyReport(reportData({ portfolio: stale }))),
    /^ *STALE An earlier day was redone/,
  );
});

test('a day without a decision shows what is held, and since when', () => {
  const held = portfolio({ decision: null, heldSince: '2026-11-18', transactions: [] });
  const failed = [phase('forecast', 4, { verdict: 'failed', reason: 'no model' })];
  const shown = textOf(renderDailyReport(reportData({ portfolio: held, phases: failed })));
  assert.match(shown, /Phase forecast failed: no model/);
  assert.match(shown, /the portfolio stays as it was decided on 2026-11-18/);
});

test('a forecast that is worse than persistence is called so', () => {
  const day = { date: '2026-11-19', pools: 4, model: 0.4, persistence: 0.3, mean7d: 0.5, coverage: 0.7 };
  const forecast = { errors: [day, { ...day, date: '2026-11-18' }], evaluation: [], models: [], fans: [] };
  const shown = textOf(renderDailyReport(reportData({ forecast })));
  assert.match(shown, /✕ worse than persistence over 2 past days: 1\.333 of its error/);
});

test('a page of nothing at all is still a page', () => {
  const empty = renderDailyReport(
    reportData({
      phases: [],
      checks: [],
      batches: [],
      pools: [],
      icebox: [],
      stalePrices: [],
      unpricedTokens: [],
      sources: [],
      counts: [],
      settings: null,
      figuresOf: null,
      portfolio: emptyPortfolio(),
    }),
  );
  assert.doesNotMatch(textOf(empty), /NaN|Infinity|undefined|null|\[object/);
  assert.match(textOf(empty), /No pool passed/);
});

test('figures that are missing are dashes', () => {
  const bare = pool('x', {
    tvl: null,
    apy: null,
    apy7d: null,
    apy30d: null,
    stddev30d: null,
    group: null,
    staleDays: null,
    forecastApy: null,
    forecastTvl: null,
  });
  const shown = textOf(renderDailyReport(reportData({ pools: [bare] })));
  assert.match(shown, /USDC aave-v3 – – – – – – – – x/);
});

test('no markup of a source reaches the page', () => {
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
  const named = { symbol: hostile, protocol: hostile, chain: hostile };
  const attacked = renderDailyReport({
    ...data,
    run: {
      ...data.run,
      dataset: `files/${hostile}`,
      workflowId: hostile,
      input: { portfolio: hostile },
      statement: hostile,
      status: 'failed',
    },
    phases: [
      phase(hostile, 0, { verdict: 'failed', reason: hostile, detail: { due: { [hostile]: 1 } } }),
      phase('ingest', 1, { detail: { due: { [hostile]: 1 } } }),
    ],
    checks: data.checks.map((check) => ({
      ...check,
      name: hostile,
      observed: hostile,
      expected: hostile,
      message: hostile,
    })),
    batches: data.batches.map((batch) => ({
      ...batch,
      batchId: hostile,
      job: hostile,
      state: 'FAILED' as const,
      stateMessage: hostile,
      errorType: hostile,
    })),
    pools: [
      pool(hostile, named),
      pool(`${hostile}2`, named),
      pool(`${hostile}3`, { ...named, passed: false, reason: `${hostile}: ${hostile}` }),
    ],
    fallbacks: [{ from: hostile, to: hostile, reason: hostile, batches: 1 }],
    icebox: [{ symbol: hostile, since: '2026-11-02', reason: hostile }],
    stalePrices: [{ symbol: hostile, newest: '2026-11-02' }],
    unpricedTokens: [hostile],
    sources: [{ name: hostile, kind: 'price', newest: '2026-11-02' }],
    remarks: [hostile],
    counts: data.counts.map((row) => ({ ...row, status: hostile })),
    settings: { ...data.settings!, parameters: { [hostile]: 1 } },
  });
  assert.doesNotMatch(attacked, /<script|<img/i);
  assert.match(attacked, /&lt;script&gt;/);
  // Only the stylesheet, the empty icon and inline charts: nothing that loads or runs.
  const withoutValues = attacked.replaceAll(/"[^"<>]*"/g, '""');
  assert.doesNotMatch(withoutValues, /<[^>]+\s(?:on\w+|src|srcset|action)=/i);
  assert.doesNotMatch(attacked, /https?:\/\//);
});

test('nothing on the page comes over the network', () => {
  assert.match(page, /default-src 'none'/);
  assert.doesNotMatch(page, /https?:|@import|url\((?!#)/);
});

for (const [what, name] of [
  ['usual', 'USDC-USDT'],
  ['hostile', '<'.repeat(5_000)],
] as const) {
  test(`stays under 1 MB for 8,000 pools with ${what} names, and says what it leaves out`, () => {
    const pools = Array.from({ length: 8_000 }, (_, i) =>
      pool(`${i}-4d5a-8c1e-1f2e3d4c5b6a-00000000`.slice(0, 36), {
        symbol: name,
        protocol: name,
        tvl: 8e9 / (i + 1),
        apy: i % 17,
        ...(i % 2 === 0 && {
          passed: false,
          reason: `protocol not approved: ${name}; chain not Ethereum: ${name}`,
        }),
      }),
    );
    const large = renderDailyReport(reportData({ pools }));
    assert.ok(Buffer.byteLength(large) < 1_000_000, `${Buffer.byteLength(large)} bytes`);
    const [, passedShown] = /The first ([\d,]+) of 4,000/.exec(textOf(large)) ?? [];
    assert.ok(passedShown !== undefined && Number(passedShown.replace(',', '')) >= 100, passedShown);
    assert.match(textOf(large), /4,000 of 8,000/);
  });
}

test('a forecast that stays as the day before by design is said to', () => {
  const model = {
    ...{ target: 'tvl' as const, model: 'lightgbm', shrink: 0, rows: 7665, features: 15 },
    ...{ firstAsof: '2026-05-24', lastAsof: '2026-11-18', maeModel: 0.0161, maePersistence: 0.0161 },
    ...{ days: 180, pools: 43, knownRows: 7665 },
  };
  const said = (shrink: number): string =>
    textOf(renderDailyReport({ ...data, forecast: { ...data.forecast, models: [{ ...model, shrink }] } }));
  assert.match(said(0), /Nothing is believed of the change .* tomorrow's TVL is forecast to be as today\./);
  assert.doesNotMatch(said(0.2), /Nothing is believed/);
});
