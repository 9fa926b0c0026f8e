import type { Day } from '../../planning/days.ts';
import { formatAmount, parseAmount } from './amounts.ts';
import type { PortfolioSource } from './opened.ts';
import { openFirst, openNext } from './opening.ts';
import type { Flow, Holding } from './opening.ts';
import { readYields } from './yields.ts';

/**
 * The paper portfolio: it opens with 1,000,000 USDC on its first day and lives on the allocations that were made, the
 * yields that came and the deposits and withdrawals of transactions.csv. The first day counts every transaction dated
 * before it.
 */
export const paperPortfolio: PortfolioSource = {
  async open(database, { dataset, date }, { approvedTokens, parameters }) {
    const portfolio = 'paper';
    const { rows: found } = await database.query<{ date: Day; stale: boolean }>(
      `select date, stale from allocations
        where dataset = $1 and portfolio = $2 and date < $3
        order by date desc limit 1`,
      [dataset, portfolio, date],
    );
    const previous = found[0];
    const { rows } = await database.query<Omit<Flow, 'amount'> & { amount: string }>(
      `select line, date, token, amount, direction from portfolio_transactions
        where dataset = $1 and date < $2 and ($3::date is null or date >= $3) order by line`,
      [dataset, date, previous?.date ?? null],
    );
    const spelling = new Map(approvedTokens.map(({ symbol }) => [symbol.toLowerCase(), symbol]));
    const flows = rows.map((row): Flow => {
      return {
        ...row,
        token: spelling.get(row.token.toLowerCase()) ?? row.token,
        amount: parseAmount(row.amount),
      };
    });
    if (previous === undefined) {
      return { openedWith: null, balances: openFirst(flows).balances, warnings: [] };
    }

    const positions = await database.query<{ poolId: string | null; token: string; amount: string }>(
      `select pool_id as "poolId", token_symbol as token, amount from allocation_positions
        where dataset = $1 and portfolio = $2 and date = $3`,
      [dataset, portfolio, previous.date],
    );
    const holdings = positions.rows.map((row): Holding => ({ ...row, amount: parseAmount(row.amount) }));
    const yields = await readYields(
      database,
      { dataset, from: previous.date, to: date },
      holdings.flatMap(({ poolId }) => poolId ?? []),
      parameters,
    );
    const opening = openNext({ previous: previous.date, date }, holdings, flows, yields.apyOf);
    return {
      openedWith: previous.date,
      balances: opening.balances,
      warnings: [
        ...(previous.stale
          ? [`the allocation of ${previous.date} is stale: a day before it was redone`]
          : []),
        ...opening.withoutApy.map(
          ({ poolId, date: day }) => `${poolId} earned nothing on ${day}: its APY is unknown`,
        ),
        ...yields.warnings,
        ...flows
          .filter(({ token }) => !spelling.has(token.toLowerCase()))
          .map(
            ({ line, token, amount }) =>
              `transactions.csv line ${line}: ${formatAmount(amount)} ${token}, which is no approved token`,
          ),
      ],
    };
  },
};
