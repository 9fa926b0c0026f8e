/** Whether deciding daily was worth it: the portfolio compared with simpler rules for the same money. */
import { cents, percent } from '../../../../pages/format.ts';
import { html, numbers, section, table } from '../../../../pages/page.ts';
import type { Html } from '../../../../pages/page.ts';
import { plural } from '../../../../pages/sections/common.ts';
import { daysBetween } from '../../../../planning/days.ts';
import type { DailyReport } from '../data.ts';
import type { ComparedRule } from '../data/portfolio.ts';

const names: Record<ComparedRule['rule'], string> = {
  own: 'this portfolio, decided daily',
  held: 'the first allocation, simply held',
  weekly: "decided weekly, by the day before's APY",
};

export function comparisonSection({ run, portfolio }: DailyReport): Html {
  const { comparison } = portfolio;
  const [first] = comparison;
  const heading = 'Worth deciding?';
  if (first === undefined || run.date === null) {
    return section(
      heading,
      'The portfolio beside simpler rules for the same money.',
      html`<p class="note">The comparison begins with the second day.</p>`,
    );
  }
  const days = daysBetween(first.since, run.date);
  const aYear = ({ return: share }: ComparedRule) => (share === null ? null : (share * 365) / days);
  return section(
    heading,
    html`Since ${first.since}, ${plural(days, 'day')}: all three began with what was held then, under the same
    limits, prices, gas and fees, without deposits and withdrawals.`,
    table(
      [...comparison].sort((a, b) => (b.return ?? -Infinity) - (a.return ?? -Infinity)),
      [
        { heading: 'Rule', cell: ({ rule }: ComparedRule) => names[rule], kind: 'key' as const },
        numbers('Return, net of costs', 'comparison.return', (row: ComparedRule) => row.return, signedShare),
        numbers('A year', 'comparison.annual', aYear, signedShare),
        numbers('Costs', 'comparison.cost_usd', ({ costUsd }: ComparedRule) => costUsd, cents),
      ],
      {
        label: 'The portfolio beside simpler rules',
        key: ({ rule }) => rule,
        highlight: ({ rule }) => rule === 'own',
      },
    ),
  );
}

/** Three decimals, because a day brings hundredths of a percent. */
function signedShare(value: number | null): string {
  return value === null ? percent(null) : `${value > 0 ? '+' : ''}${(value * 100).toFixed(3)} %`;
}
