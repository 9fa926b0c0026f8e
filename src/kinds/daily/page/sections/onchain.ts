/** What the chain said when the day began, held against our books and against what was proposed before. */
import { amount, clipped, dash } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Html } from '../../../../pages/page.ts';
import { nameLength, plural, reasonLength } from '../../../../pages/sections/common.ts';
import type { DailyReport } from '../data.ts';
import type { OnChainPlace, OnChainReport } from '../data/onchain.ts';
import { approvalInWords } from '../../proposal.ts';

const shownPlaces = 200;

/** Nothing for a portfolio that is kept in our own books alone. */
export function onchainSection({ onchain, approval }: DailyReport): Html | null {
  if (onchain === null) return null;
  const { block, at, wallets, booksOf, transfers } = onchain;
  const said = approvalInWords(approval ?? undefined);
  return section(
    'Chain',
    html`Balances of ${plural(wallets.length, 'wallet')} at block ${String(block)} (${at} UTC). Booked is what
    they held ${booksOf === null ? 'before: nothing was on record' : html`on ${booksOf}`}; what neither moved
    nor was earned is named below. Nothing is signed or sent from here.`,
    html`${said !== undefined && html`<p>${verdict(toneOf(approval!.state), 'Proposal')} ${clipped(said, reasonLength)}.</p>`}
    ${table(onchain.places, columns, {
      label: 'What the wallets hold, against the books',
      key: ({ poolId, token }) => `${poolId ?? 'wallet'}/${token}`,
      maxRows: shownPlaces,
    })}
    ${notes(onchain, transfers).map(([tone, word, text]) => html`<p class="note">${verdict(tone, word)} ${text}</p>`)}`,
  );
}

const columns: Column<OnChainPlace>[] = [
  {
    heading: 'Place',
    cell: ({ poolId, symbol }) =>
      poolId === null ? 'wallet' : clipped(`${symbol ?? dash} ${poolId.slice(0, 8)}`, nameLength),
    kind: 'key',
  },
  { heading: 'Token', cell: ({ token }) => clipped(token, nameLength), kind: 'key' },
  numbers('Booked', 'onchain.booked', ({ booked }) => booked, amount),
  numbers('Moved', 'onchain.moved', ({ moved }) => moved, amount),
  numbers('Earned', 'onchain.earned', ({ earned }) => earned, amount),
  numbers('On chain', 'onchain.amount', ({ onChain }) => onChain, amount),
  numbers('Proposed before', 'onchain.proposed', ({ proposed }) => proposed, amount),
];

type Note = [tone: 'good' | 'warn', word: string, text: string];

function notes(onchain: OnChainReport, transfers: number): Note[] {
  const { booksOf, unreconciled, unexplained, lookAlikes } = onchain;
  const all: (Note | false)[] = [
    unreconciled !== null && ['warn', 'Not reconciled', clipped(unreconciled, reasonLength)],
    unreconciled === null &&
      booksOf !== null &&
      unexplained.length === 0 && [
        'good',
        'Reconciled',
        `${plural(transfers, 'transfer')} and what pools earned lead from the books to the chain.`,
      ],
    ...unexplained.map(({ token, amount: units }): Note => [
      'warn',
      'Unexplained',
      `${clipped(units, nameLength)} ${clipped(token, nameLength)} by no transfer.`,
    ]),
    ...lookAlikes.map(({ token, hash, symbol }): Note => [
      'warn',
      'Look-alike',
      `${clipped(symbol, nameLength)} of contract ${token} in transaction ${clipped(hash, 66)}: not counted.`,
    ]),
  ];
  return all.filter((note) => note !== false);
}

function toneOf(state: string): 'good' | 'warn' | 'quiet' {
  return state === 'approved' ? 'good' : state === 'empty' ? 'quiet' : 'warn';
}
