/**
 * A day's message to Slack, in Block Kit. Its limits, beyond which a message is refused as a whole: a header of 150
 * characters, a section's text of 3,000, ten fields of 2,000 each, fifty blocks.
 */
import type { ContextBlock, DividerBlock, HeaderBlock, SectionBlock } from '@slack/types';
import type { MessageBlock, SlackMessage } from '../../notifications/message.ts';
import { escapeMrkdwn } from '../../notifications/webhook.ts';
import { cents, clipped, count, dollars, fine, percent, share } from '../../pages/format.ts';
import { isParityKey } from '../../planning/dataset-key.ts';
import { totalErrors } from '../evaluation/errors.ts';
import type { DailyReport } from './page/data.ts';
import { concernsOf } from './page/data/concerns.ts';
import { expectedYield, valueOf } from './page/data/portfolio.ts';
import type { Decision, Portfolio, Position, Transaction } from './page/data/portfolio.ts';
import { approvalInWords } from './proposal.ts';
import type { Outcome } from './record.ts';

const maxHeader = 150;
const maxText = 3_000;
const maxField = 2_000;
const maxBlocks = 50;
/** Blocks that one table may take of the fifty: the rest is on the page. */
const maxTableBlocks = 18;

export function slackMessage(report: DailyReport, outcome: Outcome): SlackMessage {
  const { portfolio } = report;
  const blocks =
    outcome === 'failed'
      ? [...failedHead(report), ...held(portfolio), footer(report)]
      : [
          ...decisionHead(report, outcome),
          ...money(portfolio),
          divider,
          ...yields(portfolio),
          ...costs(portfolio.decision),
          ...poolTable(portfolio),
          ...tokenTable(portfolio),
          ...transactionTable(portfolio.transactions),
          ...forecastQuality(report),
          footer(report),
        ];
  // The tables are cut long before; should a part grow, the message is still taken and still says whose it is.
  const fitting = blocks.length <= maxBlocks ? blocks : [...blocks.slice(0, maxBlocks - 1), footer(report)];
  return { text: fallback(report, outcome), blocks: fitting };
}

function fallback({ run, phases, portfolio }: DailyReport, outcome: Outcome): string {
  const aum = dollars(valueOf(portfolio).total);
  if (outcome === 'failed') {
    const phase = phases.find(({ verdict }) => verdict === 'failed')?.unit;
    return escapeMrkdwn(
      `Daily Allocation Report: ${run.date} failed${phase === undefined ? '' : ` in phase ${phase}`}; AUM ${aum} stays as it was`,
    );
  }
  return escapeMrkdwn(
    `Daily Allocation Report: AUM ${aum}${outcome === 'infeasible' ? ', no new allocation: kept' : ''} (${run.date})`,
  );
}

function failedHead({ run, phases }: DailyReport): MessageBlock[] {
  const failed = phases.find(({ verdict }) => verdict === 'failed');
  const left = phases.filter(({ verdict }) => verdict !== 'complete').map(({ unit }) => unit);
  const why = failed?.reason ?? run.statement ?? 'no reason was noted';
  return [
    header(`Daily run of ${run.date} failed`),
    section(`${failed === undefined ? '' : `*Phase ${plain(failed.unit, 40)}* `}${plain(why, 500)}`),
    section(
      `*Left:* ${plain(left.join(', '), 300)}\n*What to do:* \`${command('why', run.key)}\` says more; when it is put right, \`${command('retry', run.key)}\` goes on where it stopped.`,
    ),
  ];
}

function command(verb: string, key: string): string {
  return plain(`npx sevenfold ${verb} ${key}`, 300);
}

function decisionHead(report: DailyReport, outcome: Outcome): MessageBlock[] {
  const { run, portfolio } = report;
  const { decision } = portfolio;
  const title = `Daily Allocation Report ${run.date}`;
  if (outcome === 'infeasible') {
    return [
      header(`${title}: kept yesterday's`),
      section(
        `*${decision?.status === 'failed' ? 'The allocation failed' : 'No allocation fits the limits'}*${decision?.why == null ? '' : `: ${plain(decision.why, 500)}`}\nNothing was moved${decision?.previousDate == null ? '' : `: the positions of ${decision.previousDate} are kept`}. Look at the limits of \`config/pools\`, then redo the day from phase \`allocate\`.`,
      ),
    ];
  }
  return [
    header(title),
    ...(decision === null
      ? []
      : [
          section(
            `${concernsInWords(report)}${statusInWords(decision)}${approvalInSlack(report)}${providersInWords(report)}`,
          ),
        ]),
  ];
}

/** What matters more than how the decision was found, a line each. */
function concernsInWords(report: DailyReport): string {
  return concernsOf(report)
    .map((concern) => {
      switch (concern.kind) {
        case 'boxed':
          return `*${dollars(concern.usd)} (${share(concern.share)}) in tokens that lost their peg*: ${plain(concern.tokens.join(', '), 200)}; kept until they recover.\n`;
        case 'lost':
          return `*${dollars(concern.usd)} lost to token prices* since the day before.\n`;
        case 'stuck':
          return `*${dollars(concern.usd)} could not leave* ${concern.pools === 1 ? 'a pool' : `${concern.pools} pools`}; tomorrow tries again.\n`;
        case 'idle':
          return `*${dollars(concern.usd)} (${share(concern.share)}) earn nothing*.\n`;
      }
    })
    .join('');
}

/** What a person said of the transactions, or that nobody did. */
function approvalInSlack({ approval }: DailyReport): string {
  const said = approvalInWords(approval ?? undefined);
  return said === undefined ? '' : `\n*Approval*: ${plain(said, 600)}.`;
}

/** Sources that are not of today, in one line. */
function providersInWords({ providers }: DailyReport): string {
  const old = providers.filter(({ state }) => state !== 'fresh');
  if (old.length === 0) return '';
  const named = old.map(
    ({ source, state, downSince }) => `${source} ${state}${downSince === null ? '' : ` since ${downSince}`}`,
  );
  return `\n*Sources*: ${plain(named.join(', '), 500)}.`;
}

function statusInWords(decision: Decision): string {
  const pools =
    decision.poolsHeld < decision.poolsWanted
      ? ` ${decision.poolsHeld} of ${decision.poolsWanted} pools wanted are held.`
      : '';
  return decision.status === 'feasible'
    ? `*Feasible*: at most ${decision.gap === null ? 'an unknown amount' : percent(decision.gap * 100)} below the best; the time was up.${pools}`
    : `*Optimal*: proved to be the best within the limits.${pools}`;
}

/** What a failed day leaves as it was. */
function held(portfolio: Portfolio): MessageBlock[] {
  if (portfolio.heldSince === null) return [section('Nothing is held yet.')];
  return [section(`The portfolio stays as it was decided on ${portfolio.heldSince}.`), ...money(portfolio)];
}

function money(portfolio: Portfolio): MessageBlock[] {
  const value = valueOf(portfolio);
  const ofAll = (usd: number) => (value.total > 0 ? ` (${share(usd / value.total)})` : '');
  return [
    fields([
      ['AUM', dollars(value.total)],
      ['Allocated', `${dollars(value.allocated)}${ofAll(value.allocated)}`],
      ['Idle', `${dollars(value.idle)}${ofAll(value.idle)}`],
      ['Transactions', count(portfolio.decision?.transactions ?? 0)],
    ]),
  ];
}

function yields(portfolio: Portfolio): MessageBlock[] {
  const expected = expectedYield(portfolio);
  return [
    fields([
      ['Average APY', percent(expected.averageApy)],
      ['Yield a day', cents(expected.dailyUsd)],
      ['Net of costs a day', cents(expected.netDailyUsd)],
      ['Yield a year', dollars(expected.annualUsd)],
      ['Net of costs a year', dollars(expected.netAnnualUsd)],
      ['Accrued since the last', cents(portfolio.decision?.accruedUsd)],
    ]),
  ];
}

function costs(decision: Decision | null): MessageBlock[] {
  if (decision === null) return [];
  const { costUsd, gasUsd, conversionUsd, horizonDays } = decision;
  return [
    section(
      `*Cost* ${cents(costUsd)} (gas ${cents(gasUsd)}, conversion ${cents(conversionUsd)}), spread over ${horizonDays} ${horizonDays === 1 ? 'day' : 'days'}`,
    ),
  ];
}

function poolTable(portfolio: Portfolio): MessageBlock[] {
  const { positions } = portfolio;
  const held = positions.filter(({ afterUsd }) => afterUsd > 0);
  if (held.length === 0) return [section('*Pools*: none is held.')];
  const { total } = valueOf(portfolio);
  const line = ({ symbol, poolId, afterUsd, apy, tvl }: Position) =>
    row([
      clipped(symbol, 14).padEnd(14),
      poolId.slice(0, 8).padEnd(8),
      dollars(afterUsd).padStart(12),
      share(afterUsd / total).padStart(7),
      percent(apy).padStart(8),
      (tvl === null ? '–' : (tvl / 1e6).toFixed(1)).padStart(9),
    ]);
  const heading = row([
    'pool'.padEnd(14),
    'id'.padEnd(8),
    'dollars'.padStart(12),
    'share'.padStart(7),
    'APY'.padStart(8),
    'TVL M$'.padStart(9),
  ]);
  return codeTable('Pools', heading, held.map(line));
}

function tokenTable({ idle }: Portfolio): MessageBlock[] {
  const left = idle.filter(({ afterUsd }) => afterUsd > 0);
  if (left.length === 0) return [];
  const heading = row(['token'.padEnd(14), 'units'.padStart(16), 'dollars'.padStart(12)]);
  return codeTable(
    'Idle',
    heading,
    left.map(({ token, amount, afterUsd }) =>
      row([clipped(token, 14).padEnd(14), amount.toFixed(2).padStart(16), dollars(afterUsd).padStart(12)]),
    ),
  );
}

const operations: Record<Transaction['operation'], string> = {
  HOLD: 'HOLD',
  WITHDRAWAL: 'WITHDR',
  CONVERSION: 'CONV',
  ALLOCATION: 'ALLOC',
};

function transactionTable(transactions: readonly Transaction[]): MessageBlock[] {
  const moves = transactions.filter(({ operation }) => operation !== 'HOLD');
  if (moves.length === 0) return [section('*Transactions*: none.')];
  const line = (move: Transaction) => {
    const token =
      move.fromAsset === move.toAsset
        ? clipped(move.fromAsset, 17)
        : `${clipped(move.fromAsset, 8)}->${clipped(move.toAsset, 7)}`;
    const pool = move.operation === 'WITHDRAWAL' ? move.from : move.to;
    return row([
      String(move.step).padStart(3),
      operations[move.operation].padEnd(6),
      token.padEnd(17),
      dollars(move.amountUsd).padStart(12),
      (move.operation === 'CONVERSION' ? 'wallet' : (pool?.slice(0, 8) ?? '–')).padEnd(8),
      cents(move.costUsd).padStart(9),
    ]);
  };
  const heading = row([
    'no.'.padStart(3),
    'do'.padEnd(6),
    'token'.padEnd(17),
    'dollars'.padStart(12),
    'pool'.padEnd(8),
    'cost'.padStart(9),
  ]);
  return codeTable('Transactions', heading, moves.map(line));
}

/** What past forecasts were worth; on the first days, what the model was worth on the days held out. */
function forecastQuality({ forecast }: DailyReport): MessageBlock[] {
  const past = totalErrors(forecast.errors);
  const model = forecast.models.find(({ target }) => target === 'apy');
  const inWords = (mine: number, persistence: number, over: string) =>
    section(
      `*Forecast* MAE ${fine(mine)} pp beside persistence ${fine(persistence)} pp${persistence > 0 ? ` (ratio ${fine(mine / persistence)})` : ''}, ${over}`,
    );
  if (past !== null)
    return [inWords(past.model, past.persistence, `${past.days} past ${past.days === 1 ? 'day' : 'days'}`)];
  if (model?.maeModel != null && model.maePersistence != null)
    return [inWords(model.maeModel, model.maePersistence, 'on the days held out')];
  return [];
}

function footer({ run }: DailyReport): ContextBlock {
  const parity = isParityKey(run.dataset) ? " · PARITY: the original's rules, for comparison only" : '';
  return {
    type: 'context',
    elements: [
      {
        type: 'mrkdwn',
        text: `${plain(run.key, 400)} · run ${run.runId} · page: \`${command('report', run.key)}\`${parity}`,
      },
    ],
  };
}

/** What a source or a person wrote, so that it neither means anything to Slack nor fills the message. */
function plain(text: string, length: number): string {
  return escapeMrkdwn(clipped(text, length).replaceAll('`', "'").replaceAll(/\s+/g, ' '));
}

const divider: DividerBlock = { type: 'divider' };

function header(text: string): HeaderBlock {
  return { type: 'header', text: { type: 'plain_text', text: clipped(text, maxHeader), emoji: false } };
}

/** Cut where it must be, but not within an escaped character. */
function section(text: string): SectionBlock {
  const fitting = text.length <= maxText ? text : text.slice(0, maxText).replace(/&[a-z]*$/, '');
  return { type: 'section', text: { type: 'mrkdwn', text: fitting } };
}

/** Names and figures; none of ours comes near the limits of ten and 2,000. */
function fields(pairs: readonly (readonly [name: string, figure: string])[]): SectionBlock {
  return {
    type: 'section',
    fields: pairs
      .slice(0, 10)
      .map(([name, figure]) => ({ type: 'mrkdwn', text: `*${name}*\n${figure}`.slice(0, maxField) })),
  };
}

/** One line of a table. A narrow space is as wide as a letter here, and a backtick would end the block. */
function row(cells: readonly string[]): string {
  return escapeMrkdwn(cells.join(' ').trimEnd())
    .replaceAll('\u202f', ' ')
    .replaceAll('`', "'")
    .replaceAll(/[\r\n]/g, ' ');
}

/** A table as code blocks, each with its heading, as many as it needs; the end says what is left out. */
function codeTable(title: string, heading: string, lines: readonly string[]): SectionBlock[] {
  const fence = '```';
  const sections: SectionBlock[] = [];
  let taken: string[] = [];
  let shown = 0;
  const close = () => {
    const name = sections.length === 0 ? title : `${title}, continued`;
    sections.push(section(`*${name}*\n${fence}\n${[heading, ...taken].join('\n')}\n${fence}`));
    shown += taken.length;
    taken = [];
  };
  // Room for the title, the heading, the fences and the note below.
  const room = maxText - heading.length - title.length - 120;
  let used = 0;
  for (const line of lines) {
    if (used + line.length + 1 > room) {
      close();
      used = 0;
      if (sections.length === maxTableBlocks) break;
    }
    taken.push(line);
    used += line.length + 1;
  }
  if (taken.length > 0) close();
  const last = sections.at(-1)!.text!;
  if (shown < lines.length) last.text += `\n${count(lines.length - shown)} more are on the page.`;
  return sections;
}
