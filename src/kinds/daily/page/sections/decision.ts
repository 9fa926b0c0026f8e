/** What was decided, why, and what it costs: the first thing that a reader wants to know. */
import { figure } from '../../../../pages/figures.ts';
import {
  cents,
  clipped,
  count,
  dash,
  dollars,
  fine,
  moment,
  percent,
  seconds,
  share,
  signedCents,
} from '../../../../pages/format.ts';
import { html, section } from '../../../../pages/page.ts';
import type { Fragment, Html } from '../../../../pages/page.ts';
import { pairs, plural, poolName } from '../../../../pages/sections/common.ts';
import type { DailyReport } from '../data.ts';
import { concernsOf, stuckUsd } from '../data/concerns.ts';
import type { Concern } from '../data/concerns.ts';
import { changedPositions, expectedYield, valueOf } from '../data/portfolio.ts';
import type { Decision, Position } from '../data/portfolio.ts';

/** The decision in one sentence, for the head of the page. */
export function decisionStatement(report: DailyReport): Fragment {
  const { portfolio } = report;
  const { decision, heldSince } = portfolio;
  if (decision === null) {
    return heldSince === null
      ? 'Nothing has been allocated yet.'
      : html`No allocation of this day: the portfolio stays as it was decided on ${heldSince}.`;
  }
  if (decision.status === 'infeasible' || decision.status === 'failed') {
    return html`${decision.status === 'infeasible' ? 'No allocation fits the limits' : 'The allocation could not be made'}${reason(decision)}.
    Kept yesterday's
    allocation${decision.previousDate !== null && decision.previousDate !== undefined && ` (${decision.previousDate})`}.`;
  }
  const net = expectedYield(portfolio);
  const quality =
    decision.status === 'optimal'
      ? 'The best allocation, proved'
      : html`A good allocation, at most ${figure('allocations.gap', decision.gap, gapInWords(decision.gap))}
        below the best`;
  return html`${concernsOf(report).map((concern) => html`${inWords(concern, decision)} `)}${quality}:
  ${movedInWords(decision)}, for ${figure('allocations.cost_usd', decision.costUsd, cents(decision.costUsd))};
  ${figure('portfolio.average_apy', net.averageApy, percent(net.averageApy))} a year expected on everything.`;
}

/** One sentence of a concern; each of its figures stands elsewhere on the page, too. */
function inWords(concern: Concern, decision: Decision): Fragment {
  switch (concern.kind) {
    case 'boxed':
      return html`${figure('portfolio.boxed_usd', concern.usd, dollars(concern.usd))}
      (${figure('portfolio.boxed_share', concern.share, share(concern.share))}) are in tokens that lost their
      peg: ${clipped(concern.tokens.join(', '), 200)}. They are kept, and not sold, until they recover.`;
    case 'lost':
      return html`Token prices changed the value by
      ${figure('portfolio.price_change_usd', decision.priceChangeUsd, signedCents(decision.priceChangeUsd))}
      since ${decision.previousDate}.`;
    case 'stuck':
      return html`${figure('portfolio.stuck_usd', concern.usd, dollars(concern.usd))} could not leave
      ${concern.pools === 1 ? 'a pool that does' : 'pools that do'} not hold them; tomorrow tries again.`;
    case 'idle':
      return html`${figure('portfolio.idle_usd', concern.usd, dollars(concern.usd))} earn nothing: no pool
      within the limits takes them.`;
  }
}

function movedInWords(decision: Decision): Fragment {
  return decision.transactions === 0
    ? 'nothing is moved'
    : html`${figure('portfolio.deposited_usd', decision.depositedUsd, dollars(decision.depositedUsd))} put
      into pools in
      ${figure('portfolio.transactions', decision.transactions, plural(decision.transactions, 'transaction'))}`;
}

function reason({ why }: Decision): Fragment {
  return why !== null && html` (${figure('allocations.why', why, clipped(why, 400))})`;
}

/** A gap of 0.001 is 0.1 % of the expected yield less costs. */
function gapInWords(gap: number | null): string {
  return gap === null ? 'an unknown amount' : percent(gap * 100);
}

export function decisionSection(report: DailyReport): Html {
  const { run, portfolio } = report;
  const { decision, positions, heldSince } = portfolio;
  if (decision === null) {
    return section(
      'Decision',
      'What was decided for this day, and why.',
      html`<p>
        ${
          heldSince === null
            ? 'No day of this portfolio has an allocation yet, so nothing is held.'
            : `${run.date} has no allocation. What is held was decided on ${heldSince}.`
        }
      </p>`,
    );
  }
  const { opened, closed } = changedPositions(positions);
  const held = positions.filter(({ afterUsd }) => afterUsd > 0).length;
  const kept = decision.status === 'infeasible' || decision.status === 'failed';
  const short = !kept && decision.poolsWanted > decision.poolsHeld;
  return section(
    'Decision',
    html`Made ${moment(decision.decidedAt)}. Every amount is in US dollars at the day's prices.`,
    html`<p class="lead">${statusInWords(decision)}</p>
      ${pairs([
        ['Status', figure('allocations.status', decision.status, decision.status)],
        [
          'Gap to the best possible',
          figure('allocations.gap', decision.gap, percent(times100(decision.gap))),
        ],
        [
          'Pools that could be chosen',
          figure('allocations.candidates', decision.candidates, count(decision.candidates)),
        ],
        [
          'Variables, constraints',
          html`${figure('allocations.variables', decision.variables, count(decision.variables))},
          ${figure('allocations.constraints', decision.constraints, count(decision.constraints))}`,
        ],
        [
          'Solver',
          html`${figure('allocations.solver', decision.solver, decision.solver ?? dash)}${decision.solver !== null && ', '}${figure('allocations.solve_seconds', decision.solveSeconds, seconds(decision.solveSeconds))}`,
        ],
        [
          'Put into pools',
          figure('portfolio.deposited_usd', decision.depositedUsd, cents(decision.depositedUsd)),
        ],
        [
          'Taken out of pools',
          figure('portfolio.withdrawn_usd', decision.withdrawnUsd, cents(decision.withdrawnUsd)),
        ],
        ['Converted', figure('portfolio.converted_usd', decision.convertedUsd, cents(decision.convertedUsd))],
        [
          'Transactions',
          figure('portfolio.transactions', decision.transactions, count(decision.transactions)),
        ],
        ['Cost', figure('allocations.cost_usd', decision.costUsd, cents(decision.costUsd))],
        ['of which gas', figure('allocations.gas_usd', decision.gasUsd, cents(decision.gasUsd))],
        [
          'of which conversion',
          figure('allocations.conversion_usd', decision.conversionUsd, cents(decision.conversionUsd)),
        ],
        ['Base fee', figure('allocations.gas_gwei', decision.gasGwei, html`${fine(decision.gasGwei)} gwei`)],
        ['ETH', figure('allocations.eth_price_usd', decision.ethPriceUsd, cents(decision.ethPriceUsd))],
        [
          `Expected over ${plural(decision.horizonDays, 'day')}, less the cost`,
          figure('allocations.objective_usd', decision.objectiveUsd, cents(decision.objectiveUsd)),
        ],
        [
          'Pools held, wanted',
          html`${figure('allocations.pools_held', decision.poolsHeld, count(decision.poolsHeld))} of
          ${figure('allocations.pools_wanted', decision.poolsWanted, count(decision.poolsWanted))}`,
        ],
        ['Could not leave', figure('portfolio.stuck_usd', stuckUsd(report), cents(stuckUsd(report)))],
        ['Opened', figure('portfolio.opened', opened.length, count(opened.length))],
        ['Closed', figure('portfolio.closed', closed.length, count(closed.length))],
      ])}
      ${changes('Opened', opened, ({ afterUsd }) => afterUsd)}
      ${changes('Closed', closed, ({ beforeUsd }) => beforeUsd)}
      ${
        short &&
        html`<p class="note">
          Fewer pools are held than wanted: not enough of them qualify, or a position there would cost more
          than it brings.
        </p>`
      }
      ${held === 0 && html`<p class="note">Nothing is in a pool: everything is idle.</p>`}`,
  );
}

function statusInWords(decision: Decision): Fragment {
  switch (decision.status) {
    case 'optimal':
      return 'Optimal: no other allocation within the limits is expected to bring more after costs, and that is proved.';
    case 'feasible':
      return html`Feasible${reason(decision)}: the time was up before it was proved that nothing better
      exists. The best possible could bring at most ${gapInWords(decision.gap)} more.`;
    case 'infeasible':
      return html`Infeasible${reason(decision)}. Nothing was moved: the positions of the day before are kept.`;
    case 'failed':
      return html`Failed${reason(decision)}. Nothing was moved: the positions of the day before are kept.`;
  }
}

function changes(
  what: string,
  positions: readonly Position[],
  usd: (position: Position) => number,
): Fragment {
  const shown = positions.slice(0, 30);
  return (
    positions.length > 0 &&
    html`<p class="note">
      ${what}:
      ${shown.map((position, i) => html`${i > 0 && ', '}${poolName(position)} (${figure(usd === undefined ? '' : what === 'Opened' ? 'positions.after_usd' : 'positions.before_usd', usd(position), dollars(usd(position)), position.poolId)})`)}${positions.length > shown.length && ` and ${positions.length - shown.length} more`}.
    </p>`
  );
}

/** The figures across the head of the page. */
export function headFigures({ portfolio }: DailyReport): Html | null {
  const { decision } = portfolio;
  if (decision === null && portfolio.heldSince === null) return null;
  const value = valueOf(portfolio);
  const net = expectedYield(portfolio);
  return html`<dl class="figures">
    <div>
      <dt>AUM</dt>
      <dd>${figure('portfolio.value_usd', value.total, dollars(value.total))}</dd>
    </div>
    <div>
      <dt>In pools</dt>
      <dd>
        ${figure('portfolio.allocated_usd', value.allocated, dollars(value.allocated))}
        <small
          >${figure('portfolio.allocated_share', ratio(value.allocated, value.total), share(ratio(value.allocated, value.total)))}</small
        >
      </dd>
    </div>
    <div>
      <dt>Idle</dt>
      <dd>${figure('portfolio.idle_usd', value.idle, dollars(value.idle))}</dd>
    </div>
    <div>
      <dt>Expected, a year</dt>
      <dd>
        ${figure('portfolio.average_apy', net.averageApy, percent(net.averageApy))}
        <small>on everything</small>
      </dd>
    </div>
    <div>
      <dt>A day, net of costs</dt>
      <dd>${figure('portfolio.net_daily_usd', net.netDailyUsd, cents(net.netDailyUsd))}</dd>
    </div>
    <div>
      <dt>Cost of the day</dt>
      <dd>
        ${decision === null ? dash : figure('allocations.cost_usd', decision.costUsd, cents(decision.costUsd))}
      </dd>
    </div>
  </dl>`;
}

export function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function times100(value: number | null): number | null {
  return value === null ? null : value * 100;
}
