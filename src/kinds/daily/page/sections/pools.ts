/** The pools that could be chosen, and why the others could not. */
import { figureOf } from '../../../../pages/charts/render.ts';
import { scatterChart, shapeSign } from '../../../../pages/charts/scatter.ts';
import { strip } from '../../../../pages/charts/strip.ts';
import { figure } from '../../../../pages/figures.ts';
import { clipped, count, days, dollars, percent, points, shortDollars } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Fragment, Html } from '../../../../pages/page.ts';
import {
  groupLabel,
  groupName,
  idColumn,
  maxBytes,
  maxRows,
  nameLength,
  protocolColumn,
  reasonLength,
  symbolColumn,
  unbroken,
} from '../../../../pages/sections/common.ts';
import { isParityKey } from '../../../../planning/dataset-key.ts';
import type { PoolGroup } from '../../../../pools/grouping.ts';
import { reasonKinds } from '../../../../pools/judgement.ts';
import type { DailyReport, ReportedPool } from '../data.ts';

/** Points beyond this hide each other, and cost a hundred bytes each, twice. */
const maxPoints = 300;

const key = ({ poolId }: ReportedPool) => poolId;

export function passedSection({ run, pools, figuresOf }: DailyReport): Html {
  const parity = isParityKey(run.dataset);
  const passed = pools.filter((pool) => pool.passed);
  const columns: Column<ReportedPool>[] = [
    symbolColumn(),
    protocolColumn(),
    numbers('TVL', 'pools.tvl', ({ tvl }) => tvl, dollars),
    numbers('APY', 'pools.apy', ({ apy }) => apy, percent),
    numbers('Forecast', 'pools.forecast_apy', ({ forecastApy }) => forecastApy, percent),
    numbers('7-day mean', 'pools.apy_7d', ({ apy7d }) => apy7d, percent),
    numbers('30-day mean', 'pools.apy_30d', ({ apy30d }) => apy30d, percent),
    numbers('30-day std', 'pools.stddev_30d', ({ stddev30d }) => stddev30d, points),
    {
      heading: 'Group',
      figure: 'pools.group',
      value: ({ group }) => group,
      cell: ({ group }) => groupLabel(group, parity),
      kind: 'key',
    },
    {
      heading: 'Stale',
      figure: 'pools.stale_days',
      value: ({ staleDays }) => staleDays,
      cell: ({ staleDays }) => (staleDays === 0 ? 'fresh' : days(staleDays)),
      kind: 'key',
    },
    idColumn(),
  ];
  return section(
    'Pools passed',
    html`${figure('pools.passed', passed.length, count(passed.length))} of
    ${figure('pools.active', pools.length, count(pools.length))} pools pass both filters, largest first.
    Figures of ${unbroken(figuresOf ?? 'no day')}, the last complete day before the run; the forecast is for
    the run date. APY is simple, a year; std is its deviation in percent points.`,
    passed.length === 0
      ? html`<p class="note">No pool passed.</p>`
      : html`${poolChart(passed, parity)}${groupTable(pools, parity)}
        ${table(passed, columns, { label: 'Pools passed, by TVL', key, maxRows, maxBytes })}`,
  );
}

const groups: readonly PoolGroup[] = [1, 2, 3, 4];

function poolChart(passed: readonly ReportedPool[], parity: boolean): Fragment {
  const drawn = passed.filter((pool) => (pool.tvl ?? 0) > 0 && pool.apy !== null).slice(0, maxPoints);
  if (drawn.length < 2) return null;
  const used = groups.filter((group) => drawn.some((pool) => (pool.group ?? 4) === group));
  const left = passed.length - drawn.length;
  return figureOf(
    scatterChart({
      id: 'pools',
      title: 'APY against TVL of the pools passed',
      description: `${drawn.length} pools. ${used
        .map((group) => {
          const apys = drawn.filter((pool) => (pool.group ?? 4) === group).map((pool) => pool.apy!);
          return `Group ${groupName(group, parity)}: ${apys.length} pools, APY ${percent(Math.min(...apys))} to ${percent(Math.max(...apys))}.`;
        })
        .join(' ')}`,
      xTitle: 'TVL, logarithmic',
      yTitle: 'APY, % a year',
      xTick: shortDollars,
      points: drawn.map((pool) => ({
        x: pool.tvl!,
        y: Math.max(0, pool.apy!),
        label: pool.symbol ?? '',
        shape: (pool.group ?? 4) - 1,
      })),
      legend: used.map((group) => ({ sign: shapeSign(group - 1), name: groupName(group, parity) })),
      note:
        left > 0 &&
        ` ${count(left)} pools are not drawn: without figures, or beyond the largest ${count(maxPoints)}.`,
    }),
  );
}

function groupTable(pools: readonly ReportedPool[], parity: boolean): Html {
  const rows = groups.map((group) => {
    const mine = pools.filter((pool) => pool.group === group);
    return { group, all: mine.length, passed: mine.filter((pool) => pool.passed).length };
  });
  return html`<p class="note">
    Groups, by how much the APY moves:
    ${rows.map(
      (row, i) =>
        html`${i > 0 && '; '}<strong>${groupName(row.group, parity)}</strong>
          ${figure('groups.passed', row.passed, count(row.passed), String(row.group))} passed of
          ${figure('groups.all', row.all, count(row.all), String(row.group))}`,
    )}.
  </p>`;
}

export function rejectedSection({ pools }: DailyReport): Html {
  const rejected = pools.filter((pool) => !pool.passed && pool.reason !== null);
  const first = rejected.filter((pool) => pool.byPrefilter).length;
  const unjudged = pools.filter((pool) => !pool.passed && pool.reason === null).length;
  const kinds = new Map<string, number>();
  for (const kind of rejected.flatMap((pool) => reasonKinds(pool.reason ?? ''))) {
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const counted = [...kinds].map(([kind, number]) => ({ kind, number }));
  counted.sort((a, b) => b.number - a.number || (a.kind < b.kind ? -1 : 1));
  const columns: Column<ReportedPool>[] = [
    symbolColumn(),
    protocolColumn(),
    { heading: 'Chain', cell: (pool) => clipped(pool.chain, nameLength), kind: 'key' },
    numbers('TVL', 'pools.tvl', ({ tvl }) => tvl, dollars),
    numbers('Forecast', 'pools.forecast_apy', ({ forecastApy }) => forecastApy, percent),
    { heading: 'Filter', cell: (pool) => (pool.byPrefilter ? 'first' : 'final'), kind: 'key' },
    {
      heading: 'Reasons',
      cell: (pool) =>
        clipped(pool.reason, reasonLength)
          .split('; ')
          .map((reason, i) => html`${i > 0 && html`<br />`}${reason}`),
      kind: 'words',
    },
    idColumn(),
  ];
  return section(
    'Pools rejected',
    html`${figure('pools.rejected', rejected.length, count(rejected.length))} pools:
    ${figure('pools.rejected_first', first, count(first))} by the first filter (protocol, chain, tokens),
    ${figure('pools.rejected_final', rejected.length - first, count(rejected.length - first))} by the final
    one (forecast, icebox, limits). A pool may have several reasons, so the counts add up to
    more.${unjudged > 0 && ` ${count(unjudged)} pools have not been judged.`}`,
    rejected.length === 0
      ? html`<p class="note">No pool was rejected.</p>`
      : html`${table(
            counted,
            [
              { heading: 'Reason', cell: (row) => clipped(row.kind, 80) },
              numbers('Pools', 'reasons.pools', ({ number }) => number, count),
              {
                heading: 'Share of the rejected',
                cell: (row) =>
                  strip(0, row.number / rejected.length, `${count(row.number)} of ${count(rejected.length)}`),
              },
            ],
            { label: 'Reasons for rejection, counted', key: ({ kind }) => kind, maxRows: 40 },
          )}
          <details>
            <summary>Every rejected pool and its reasons</summary>
            ${table(rejected, columns, { label: 'Pools rejected, by TVL', key, maxRows, maxBytes })}
          </details>`,
  );
}

export function iceboxSection({ icebox, stalePrices, unpricedTokens }: DailyReport): Html {
  return section(
    'Icebox',
    'Approved tokens that lost their peg, replayed from the daily candles up to the day before the run.',
    html`${
      icebox.length === 0
        ? html`<p>No token is in the icebox.</p>`
        : table(
            icebox,
            [
              { heading: 'Token', cell: (token) => clipped(token.symbol, nameLength), kind: 'key' },
              { heading: 'Since', cell: (token) => token.since, kind: 'key' },
              { heading: 'Why', cell: (token) => clipped(token.reason, reasonLength), kind: 'words' },
            ],
            { label: 'Tokens in the icebox' },
          )
    }
    ${
      stalePrices.length > 0 &&
      html`<p class="note">
        ${verdict('warn', 'Stale prices')} count 1.00 and change nothing here:
        ${stalePrices.map(({ symbol, newest }) => `${clipped(symbol, nameLength)} (${newest})`).join(', ')}.
      </p>`
    }
    ${
      unpricedTokens.length > 0 &&
      html`<p class="note">
        No price at all, so they count 1.00:
        ${unpricedTokens.map((symbol) => clipped(symbol, nameLength)).join(', ')}.
      </p>`
    }`,
  );
}
