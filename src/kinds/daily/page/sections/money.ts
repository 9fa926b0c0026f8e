/** Where the money came from and what it earns: a statement that adds up, and the value over days. */
import { lineChart } from '../../../../pages/charts/lines.ts';
import { figureOf } from '../../../../pages/charts/render.ts';
import { figure } from '../../../../pages/figures.ts';
import { cents, dollars, percent, share, signedCents } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Fragment, Html } from '../../../../pages/page.ts';
import { plural, statusTone } from '../../../../pages/sections/common.ts';
import type { DailyReport } from '../data.ts';
import { expectedYield, timeWeightedReturn, valueOf } from '../data/portfolio.ts';
import type { EquityDay } from '../data/portfolio.ts';
import { ratio } from './decision.ts';

interface Line {
  name: string;
  figure: string;
  usd: number | null;
  write: (usd: number | null) => string;
  total?: boolean;
  indented?: boolean;
}

export function moneySection(report: DailyReport): Html {
  const { portfolio } = report;
  const { decision, heldSince } = portfolio;
  if (decision === null && heldSince === null) {
    return section('Money', '', html`<p class="note">The portfolio has no day on record yet.</p>`);
  }
  const value = valueOf(portfolio);
  const lines: Line[] = [
    ...(decision === null
      ? []
      : ([
          decision.previousDate !== null && {
            name: `${portfolio.name === 'onchain' ? 'Held on' : 'Left by'} ${decision.previousDate}`,
            figure: 'portfolio.previous_value_usd',
            usd: decision.previousValueUsd,
            write: cents,
          },
          decision.previousDate !== null && {
            name: 'Change of token prices since',
            figure: 'portfolio.price_change_usd',
            usd: decision.priceChangeUsd,
            write: signedCents,
          },
          {
            name: 'Yield accrued since',
            figure: 'portfolio.accrued_usd',
            usd: decision.accruedUsd,
            write: signedCents,
          },
          {
            name: decision.previousDate === null ? 'Paid in to open' : 'Deposits less withdrawals',
            figure: 'portfolio.flow_usd',
            usd: decision.flowUsd,
            write: signedCents,
          },
          {
            name: 'AUM before',
            figure: 'allocations.value_before_usd',
            usd: decision.valueBeforeUsd,
            write: cents,
            total: true,
          },
          { name: 'Gas', figure: 'allocations.minus_gas_usd', usd: 0 - decision.gasUsd, write: signedCents },
          {
            name: 'Conversion',
            figure: 'allocations.minus_conversion_usd',
            usd: 0 - decision.conversionUsd,
            write: signedCents,
          },
          {
            name: 'AUM after',
            figure: 'allocations.value_after_usd',
            usd: decision.valueAfterUsd,
            write: cents,
            total: true,
          },
        ].filter((line) => line !== false) as Line[])),
    {
      name: 'of which in pools',
      figure: 'portfolio.allocated_usd',
      usd: value.allocated,
      write: cents,
      indented: true,
    },
    { name: 'of which idle', figure: 'portfolio.idle_usd', usd: value.idle, write: cents, indented: true },
    {
      name: 'of which in tokens of the icebox',
      figure: 'portfolio.boxed_usd',
      usd: portfolio.boxed.usd,
      write: cents,
      indented: true,
    },
    {
      name: 'the share of those',
      figure: 'portfolio.boxed_share',
      usd: ratio(portfolio.boxed.usd, value.total),
      write: share,
      indented: true,
    },
  ];
  return section(
    'Money',
    html`What the day began with and what it left, at the day's prices. ${portfolio.name} portfolio.`,
    html`<div class="beside">
        ${statement('From the day before to this one', lines)} ${yieldTable(report)}
      </div>
      ${
        decision !== null &&
        decision.pricesAssumed > 0 &&
        html`<p class="note">
          ${verdict('warn', 'Prices')} of
          ${figure('portfolio.prices_assumed', decision.pricesAssumed, plural(decision.pricesAssumed, 'balance'))}
          are missing or stale, so they count 1.00.
        </p>`
      }`,
  );
}

function statement(caption: string, lines: readonly Line[]): Html {
  return html`<table class="statement-table">
    <caption>
      ${caption}
    </caption>
    <tbody>
      ${lines.map(
        (line) =>
          html`<tr class="${line.total ? 'total' : line.indented ? 'indented' : 'entry'}">
            <th scope="row">${line.name}</th>
            <td class="n">${figure(line.figure, line.usd, line.write(line.usd))}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

function yieldTable({ portfolio }: DailyReport): Html {
  const { decision } = portfolio;
  const net = expectedYield(portfolio);
  const value = valueOf(portfolio);
  const inPools = ratio(net.dailyUsd * 365 * 100, value.allocated);
  const rows: [name: string, a: Fragment, b: Fragment][] = [
    [
      'Yield',
      figure('portfolio.daily_usd', net.dailyUsd, cents(net.dailyUsd)),
      figure('portfolio.annual_usd', net.annualUsd, cents(net.annualUsd)),
    ],
    [
      decision === null ? 'Net of costs' : `Net of costs, spread over ${plural(decision.horizonDays, 'day')}`,
      figure('portfolio.net_daily_usd', net.netDailyUsd, cents(net.netDailyUsd)),
      figure('portfolio.net_annual_usd', net.netAnnualUsd, cents(net.netAnnualUsd)),
    ],
  ];
  return html`<div>
    <table class="statement-table">
      <caption>
        Expected from here, by today's forecasts
      </caption>
      <thead>
        <tr>
          <th scope="col"></th>
          <th scope="col" class="n">a day</th>
          <th scope="col" class="n">a year</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, a, b]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="n">${a}</td>
              <td class="n">${b}</td>
            </tr> `,
        )}
        <tr>
          <th scope="row" colspan="2">Average APY of everything, idle counts 0</th>
          <td class="n">${figure('portfolio.average_apy', net.averageApy, percent(net.averageApy))}</td>
        </tr>
        <tr>
          <th scope="row" colspan="2">Average APY of what is in pools</th>
          <td class="n">${figure('portfolio.pool_apy', inPools, percent(inPools))}</td>
        </tr>
      </tbody>
    </table>
    <p class="note">
      A forecast, not a promise. APY is simple: a day brings dollars × APY / 100 / 365. A year is 365 such
      days.
    </p>
  </div>`;
}

export function equitySection({ portfolio }: DailyReport): Html {
  const { equity } = portfolio;
  if (equity.length === 0) {
    return section('Value over days', '', html`<p class="note">There is no day to show yet.</p>`);
  }
  const first = equity[0]!;
  const last = equity.at(-1)!;
  const grown = timeWeightedReturn(equity);
  const closings = equity.map(({ closingUsd }) => closingUsd);
  const columns = [
    { heading: 'Day', cell: ({ date }: EquityDay) => date, kind: 'key' as const },
    numbers('At opening', 'equity.value_before_usd', (day: EquityDay) => day.openingUsd, cents),
    numbers('of which yield', 'equity.accrued_usd', (day: EquityDay) => day.accruedUsd, signedCents),
    numbers('of which flow', 'equity.flow_usd', (day: EquityDay) => day.flowUsd, signedCents),
    numbers('Costs', 'equity.cost_usd', (day: EquityDay) => day.costUsd, cents),
    numbers('After costs', 'equity.value_after_usd', (day: EquityDay) => day.closingUsd, cents),
    {
      heading: 'Decision',
      cell: ({ status, stale }: EquityDay) =>
        html`${verdict(statusTone(status), status)}${stale && html` ${verdict('warn', 'stale')}`}`,
      kind: 'key' as const,
    },
  ];
  return section(
    'Value over days',
    html`The ledger's own figures. Return without deposits and withdrawals since ${first.date}:
    ${figure('portfolio.time_weighted_return', grown, share100(grown))}.`,
    html`${
      equity.length > 1 &&
      figureOf(
        lineChart({
          id: 'equity',
          title: 'Value of the portfolio',
          description: `${equity.length} days, after costs from ${cents(first.closingUsd)} on ${first.date} to ${cents(last.closingUsd)} on ${last.date}, between ${cents(Math.min(...closings))} and ${cents(Math.max(...closings))}. Every day is in the table below.`,
          days: equity.map(({ date }) => date),
          lines: [
            { name: 'after costs', look: 'solid', values: closings },
            { name: 'at opening', look: 'points', values: equity.map(({ openingUsd }) => openingUsd) },
          ],
          tick: axisDollars(closings),
          fromZero: false,
          note: 'US dollars; the axis does not begin at zero.',
        }),
      )
    }
      <details${equity.length <= 12 && html` open`}>
        <summary>Every day</summary>
        ${table([...equity].reverse(), columns, { label: 'Value of the portfolio by day', key: ({ date }) => date, maxRows: 366 })}
      </details>`,
  );
}

/** As many digits as the steps between the values need. */
function axisDollars(values: readonly number[]): (value: number) => string {
  const spread = Math.max(...values) - Math.min(...values);
  return spread < 5 ? cents : dollars;
}

/** A return over a while: three decimals, because a day brings hundredths of a percent. */
function share100(value: number | null): string {
  return value === null ? percent(null) : `${value > 0 ? '+' : ''}${(value * 100).toFixed(3)}\u202f%`;
}
