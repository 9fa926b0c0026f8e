import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackMessage } from '../../../src/kinds/daily/slack-message.ts';
import type { MessageBlock, SlackMessage } from '../../../src/notifications/message.ts';
import type { DailyReport } from '../../../src/kinds/daily/page/data.ts';
import type { Position, Transaction } from '../../../src/kinds/daily/page/data/portfolio.ts';
import { decision, phase, emptyPortfolio, portfolio, reportData } from './page/report-data.ts';
import { assertSlackTakes } from '../../notifications/slack-limits.ts';

/** What a reader sees, one block a line. */
function wordsOf({ blocks }: SlackMessage): string {
  const text = (block: MessageBlock): string => {
    if (block.type === 'header') return block.text.text;
    if (block.type === 'section')
      return [block.text, ...(block.fields ?? [])].map((each) => each?.text).join(' ');
    if (block.type === 'context')
      return block.elements.map((each) => (each.type === 'mrkdwn' ? each.text : '')).join(' ');
    return '---';
  };
  return blocks.map(text).join('\n').replaceAll('\u202f', ' ');
}

const day = { date: '2026-11-19', pools: 4, model: 0.28, persistence: 0.3, mean7d: 0.5, coverage: 0.8 };
const report = reportData({ forecast: { errors: [day], evaluation: [], models: [], fans: [] } });
const message = slackMessage(report, 'complete');
const words = wordsOf(message);

test('is within the limits', () => assertSlackTakes(message));

test('a notification shows the assets under management', () =>
  assert.equal(message.text, 'Daily Allocation Report: AUM $1,000,094 (2026-11-20)'));

test('shows date, portfolio, yields and costs', () => {
  assert.match(words, /^Daily Allocation Report 2026-11-20\n/);
  assert.match(words, /\*AUM\*\n\$1,000,094/);
  assert.match(words, /\*Allocated\*\n\$800,094 \(80\.0 %\)/);
  assert.match(words, /\*Idle\*\n\$200,000 \(20\.0 %\)/);
  assert.match(words, /\*Transactions\*\n1/);
  // (400,000 × 4 + 400,094 × 12) / 1,000,094, and the same in dollars a day
  assert.match(words, /\*Average APY\*\n6\.40 %/);
  assert.match(words, /\*Yield a day\*\n\$175\.37/);
  assert.match(words, /\*Net of costs a day\*\n\$174\.37/);
  assert.match(words, /\*Yield a year\*\n\$64,011/);
  assert.match(words, /\*Cost\* \$7\.00 \(gas \$4\.00, conversion \$3\.00\), spread over 7 days/);
});

test('shows each pool with id, dollars, share, APY and TVL in millions, in columns', () => {
  assert.match(words, /DAI {12}pool-b {7}\$400,094 {2}40\.0 % {2}12\.00 % {5}482\.7/);
  assert.match(words, /USDC {11}pool-a {7}\$400,000/);
});

test('shows transactions, and the model beside persistence', () => {
  assert.match(words, /1 ALLOC {2}USDC {18}\$400,094 pool-b {7}\$7\.00/);
  assert.match(words, /\*Forecast\* MAE 0\.280 pp beside persistence 0\.300 pp \(ratio 0\.933\), 1 past day/);
});

test('a model that is worse than persistence is not hidden', () => {
  const worse = { ...report.forecast, errors: [{ ...day, model: 0.45 }] };
  assert.match(wordsOf(slackMessage({ ...report, forecast: worse }, 'complete')), /ratio 1\.500/);
});

test('ends with the key and the id of the run', () =>
  assert.match(words, /daily\/files\/real\/2026-11-20 · run run-1 · page: `npx sevenfold report .*`$/));

test('an infeasible day says why, what is kept and what to do', () => {
  const why = 'group 1 leaves room for 70 % & no more';
  const kept = portfolio({
    decision: decision({ status: 'infeasible', why, gap: null, transactions: 0 }),
    transactions: [],
  });
  const sent = slackMessage({ ...report, portfolio: kept }, 'infeasible');
  assertSlackTakes(sent);
  assert.match(sent.text, /AUM \$1,000,094, no new allocation: kept/);
  assert.match(wordsOf(sent), /No allocation fits the limits\*: group 1 leaves room for 70 % &amp; no more/);
  assert.match(wordsOf(sent), /the positions of 2026-11-19 are kept.*config\/pools/);
  assert.doesNotMatch(wordsOf(sent), /Optimal/);
});

test('a failed run says which phase, why and what to do', () => {
  const failed: DailyReport = {
    ...report,
    run: { ...report.run, status: 'failed', statement: 'failed' },
    phases: [phase('ingest', 1), phase('forecast', 4, { verdict: 'failed', reason: 'no rows <here>' })],
    portfolio: portfolio({ decision: null, heldSince: '2026-11-19', transactions: [] }),
  };
  const sent = slackMessage(failed, 'failed');
  assertSlackTakes(sent);
  assert.match(sent.text, /2026-11-20 failed in phase forecast; AUM \$1,000,094 stays as it was/);
  assert.match(wordsOf(sent), /\*Phase forecast\* no rows &lt;here&gt;/);
  assert.match(wordsOf(sent), /npx sevenfold why daily\/files.*npx sevenfold retry daily\/files/);
  assert.match(wordsOf(sent), /stays as it was decided on 2026-11-19/);
});

test('a failed run without any rows is still a message', () => {
  const sent = slackMessage({ ...report, phases: [], portfolio: emptyPortfolio() }, 'failed');
  assertSlackTakes(sent);
});

function position(i: number, change: Partial<Position> = {}): Position {
  return { ...report.portfolio.positions[1]!, poolId: `${i}`.padStart(8, '0'), ...change };
}

for (const number of [1, 40, 500, 5_000]) {
  test(`${number} pools and as many transactions: split, and nothing is lost in silence`, () => {
    const transactions = Array.from({ length: number }, (_, i): Transaction => ({
      ...report.portfolio.transactions[0]!,
      step: i + 1,
    }));
    const many = portfolio({
      positions: Array.from({ length: number }, (_, i) => position(i)),
      transactions,
    });
    const sent = slackMessage({ ...report, portfolio: many }, 'complete');
    assertSlackTakes(sent);
    for (const [name, pattern] of [
      ['pools', /^DAI /gm],
      ['transactions', /^ *\d+ ALLOC /gm],
    ] as const) {
      const shown = [...wordsOf(sent).matchAll(pattern)].length;
      const left = number - shown;
      if (number <= 500) assert.equal(shown, number, name);
      else
        assert.ok(
          shown >= 500 && wordsOf(sent).includes(`${left.toLocaleString('en-US')} more are on the page`),
        );
    }
    assert.match(wordsOf(sent), /run run-1/);
  });
}

test('names of a source cannot mention anybody, end a code block or break a line', () => {
  const hostile = '<!channel>&```\n*x*';
  const attacked = portfolio({
    positions: [position(1, { symbol: hostile }), position(2, { symbol: '&'.repeat(5_000) })],
    idle: [{ token: hostile, beforeUsd: 1, afterUsd: 1, amount: 1, priceUsd: 1 }],
    decision: decision({ status: 'infeasible', why: '<'.repeat(5_000) }),
  });
  const sent = slackMessage(
    {
      ...report,
      portfolio: attacked,
      run: { ...report.run, key: hostile },
      phases: [phase(hostile, 0, { verdict: 'failed', reason: hostile })],
    },
    'infeasible',
  );
  assertSlackTakes(sent);
  assertSlackTakes(
    slackMessage(
      { ...report, phases: [phase(hostile, 0, { verdict: 'failed', reason: '&'.repeat(9_000) })] },
      'failed',
    ),
  );
});
