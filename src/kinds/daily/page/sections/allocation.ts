/** What is held before and after, pool by pool, and the transactions that lead from one to the other. */
import { beforeAfterChart } from '../../../../pages/charts/bars.ts';
import { figureOf } from '../../../../pages/charts/render.ts';
import { figure } from '../../../../pages/figures.ts';
import {
  amount,
  cents,
  clipped,
  count,
  dash,
  dollars,
  percent,
  share,
  shortDollars,
  signedDollars,
  shortId,
} from '../../../../pages/format.ts';
import { html, numbers, section, table } from '../../../../pages/page.ts';
import type { Column, Html } from '../../../../pages/page.ts';
import {
  groupLabel,
  idColumn,
  maxRows,
  plural,
  poolName,
  protocolColumn,
  symbolColumn,
} from '../../../../pages/sections/common.ts';
import { isParityKey } from '../../../../planning/dataset-key.ts';
import type { DailyReport } from '../data.ts';
import { valueOf } from '../data/portfolio.ts';
import type { IdleToken, Position, Transaction } from '../data/portfolio.ts';
import { ratio } from './decision.ts';

/** Bars beyond this are too thin to compare; the table has every pool. */
const maxBars = 16;

export function allocationSection(report: DailyReport): Html {
  const { run, portfolio } = report;
  const { positions, idle, decision } = portfolio;
  if (positions.length === 0 && idle.length === 0) {
    return section('Allocation', '', html`<p class="note">Nothing is held.</p>`);
  }
  const parity = isParityKey(run.dataset);
  const total = valueOf(portfolio).total;
  const columns: Column<Position>[] = [
    symbolColumn(),
    protocolColumn(),
    numbers('Before', 'positions.before_usd', ({ beforeUsd }) => beforeUsd, dollars),
    numbers('After', 'positions.after_usd', ({ afterUsd }) => afterUsd, dollars),
    numbers(
      'Change',
      'positions.change_usd',
      ({ afterUsd, beforeUsd }) => afterUsd - beforeUsd,
      signedDollars,
    ),
    numbers('Share', 'positions.share', ({ afterUsd }) => ratio(afterUsd, total), share),
    numbers('APY forecast', 'positions.apy', ({ apy }) => apy, percent),
    {
      ...numbers('10 % to 90 %', 'positions.apy_q10', ({ apyQ10 }: Position) => apyQ10, percent),
      cell: ({ apyQ10, apyQ90 }) =>
        apyQ10 === null
          ? dash
          : html`${percent(apyQ10)} – ${figure('positions.apy_q90', apyQ90, percent(apyQ90))}`,
    },
    numbers(
      "Of the pool's TVL",
      'positions.tvl_share',
      ({ afterUsd, tvl }) => (tvl === null ? null : ratio(afterUsd, tvl)),
      tvlShare,
    ),
    {
      heading: 'Group',
      figure: 'positions.group',
      value: ({ group }) => group,
      cell: ({ group }) => groupLabel(group, parity),
      kind: 'key',
    },
    idColumn(),
  ];
  const late = positions.filter(
    ({ afterUsd, forecastOf }) => afterUsd > 0 && forecastOf !== null && forecastOf !== run.date,
  );
  const unknown = positions.filter(({ afterUsd, forecastOf }) => afterUsd > 0 && forecastOf === null);
  const drawn = positions.slice(0, maxBars);
  return section(
    'Allocation',
    decision === null
      ? 'What is held; this day has no decision.'
      : html`Before the day's transactions and after them. The forecast is the APY of ${run.date}; one of ten
        days lies below its 10 %, one above its 90 %.`,
    html`${
      drawn.length > 0 &&
      figureOf(
        beforeAfterChart({
          id: 'allocation',
          title: 'Dollars by pool, before and after',
          description: drawn
            .map(
              (position) =>
                `${poolName(position)}: ${dollars(position.beforeUsd)} before, ${dollars(position.afterUsd)} after.`,
            )
            .join(' '),
          rows: drawn.map((position) => ({
            name: poolName(position),
            before: position.beforeUsd,
            after: position.afterUsd,
          })),
          tick: shortDollars,
          note:
            positions.length > drawn.length &&
            `${positions.length - drawn.length} smaller positions are in the table alone.`,
        }),
      )
    }
    ${positions.length > 0 && table(positions, columns, { label: 'Positions before and after', key: ({ poolId }) => poolId, maxRows })}
    ${
      late.length > 0 &&
      html`<p class="note">
        Without a forecast of today, so reckoned with the last one:
        ${late.map((position) => `${poolName(position)} (${position.forecastOf})`).join(', ')}.
      </p>`
    }
    ${
      unknown.length > 0 &&
      html`<p class="note">
        Without any forecast of the last three days, so they count as earning nothing:
        ${unknown.map(poolName).join(', ')}.
      </p>`
    }
    ${idleTable(idle)}`,
  );
}

function tvlShare(value: number | null): string {
  return value === null ? dash : percent(value * 100);
}

function idleTable(idle: readonly IdleToken[]): Html {
  if (idle.length === 0) return html`<p class="note">No token is idle.</p>`;
  const columns: Column<IdleToken>[] = [
    { heading: 'Idle token', cell: ({ token }) => clipped(token, 24), kind: 'key' },
    numbers('Before', 'idle.before_usd', ({ beforeUsd }) => beforeUsd, cents),
    numbers('After', 'idle.after_usd', ({ afterUsd }) => afterUsd, cents),
    numbers('Units', 'idle.amount', ({ amount: units }) => units, amount),
    numbers('Price', 'idle.price_usd', ({ priceUsd }) => priceUsd, price),
  ];
  return html`<div class="apart">
    ${table(idle, columns, { label: 'Tokens in no pool', key: ({ token }) => token, maxRows: 60 })}
  </div>`;
}

function price(value: number): string {
  return `$${value.toFixed(4)}`;
}

const operations: Record<Transaction['operation'], string> = {
  HOLD: 'hold',
  WITHDRAWAL: 'withdraw',
  CONVERSION: 'convert',
  ALLOCATION: 'deposit',
};

export function transactionsSection({ portfolio }: DailyReport): Html {
  const { decision } = portfolio;
  const rows = portfolio.transactions;
  const moves = rows.filter(({ operation }) => operation !== 'HOLD');
  const place = (location: string | null, symbol: string | null): Html =>
    location === null || location === 'warm_wallet'
      ? html`<span class="quiet">wallet</span>`
      : html`${clipped(symbol ?? 'pool', 24)} <code title="${location}">${shortId(location)}</code>`;
  const columns: Column<Transaction>[] = [
    { heading: 'No.', cell: ({ step }) => count(step), kind: 'number' },
    {
      heading: 'Do',
      figure: 'asset_allocations.operation',
      value: ({ operation }) => operation,
      cell: ({ operation }) => operations[operation],
      kind: 'key',
    },
    numbers('Units', 'asset_allocations.amount', ({ amount: units }) => units, amount),
    {
      heading: 'Token',
      cell: ({ fromAsset, toAsset, amountReceived }) =>
        fromAsset === toAsset
          ? clipped(fromAsset, 24)
          : html`${clipped(fromAsset, 24)} into
            ${figure('asset_allocations.amount_received', amountReceived, amount(amountReceived))}
            ${clipped(toAsset, 24)}`,
      kind: 'key',
    },
    { heading: 'From', cell: ({ from, fromSymbol }) => place(from, fromSymbol), kind: 'key' },
    { heading: 'To', cell: ({ to, toSymbol }) => place(to, toSymbol), kind: 'key' },
    numbers('Dollars', 'asset_allocations.amount_usd', ({ amountUsd }) => amountUsd, cents),
    numbers('Gas', 'asset_allocations.gas_cost_usd', ({ gasUsd }) => gasUsd, cents),
    numbers(
      'Conversion',
      'asset_allocations.conversion_cost_usd',
      ({ conversionUsd }) => conversionUsd,
      cents,
    ),
    numbers('Cost', 'asset_allocations.total_cost_usd', ({ costUsd }) => costUsd, cents),
  ];
  const foot =
    decision &&
    html`<tr>
      <th scope="row" colspan="7">All together</th>
      <td class="n">${figure('allocations.gas_usd', decision.gasUsd, cents(decision.gasUsd))}</td>
      <td class="n">
        ${figure('allocations.conversion_usd', decision.conversionUsd, cents(decision.conversionUsd))}
      </td>
      <td class="n">${figure('allocations.cost_usd', decision.costUsd, cents(decision.costUsd))}</td>
    </tr>`;
  return section(
    'Transactions',
    'In the order in which they are to be made: withdrawals, conversions, deposits. What is held is listed first and moves nothing.',
    rows.length === 0
      ? html`<p class="note">No transaction: nothing is to be done.</p>`
      : html`${moves.length === 0 && html`<p class="note">Nothing is moved: ${plural(rows.length, 'position')} held.</p>`}
        ${table(rows, columns, { label: 'Transactions in order, with costs', key: ({ step }) => String(step), maxRows, ...(foot && { foot }) })}`,
  );
}
