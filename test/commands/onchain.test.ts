import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { liveDay, startLiveRig } from '../support/live-rig.ts';
import type { LiveRig } from '../support/live-rig.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';

const day = liveDay;
const key = `daily/live/${day}`;
const onchain = ['--dataset', 'live', '--portfolio', 'onchain', '--approval'];

describe('a live day of a wallet', () => {
  let started: LiveRig<Rig>;
  let rig: Rig;
  before(async () => {
    started = await startLiveRig(startSharedRig);
    ({ rig } = started);
  });
  after(() => started?.stop());

  const waiting = () =>
    until(
      'the proposal waits',
      async () => {
        const { rows } = await rig.database.query<{ transactions: number }>(
          `select transactions from approvals join runs using (run_id) where state = 'waiting' and report is not null`,
        );
        return rows[0];
      },
      300_000,
    );
  const page = async (): Promise<string> => {
    const { rows } = await rig.database.query<{ report: string }>('select report from runs where key = $1', [
      key,
    ]);
    return readFileSync(join(rig.stateFolder, rows[0]!.report), 'utf8');
  };

  test('begins with what the chain says, waits for a person, and completes with what they said', async () => {
    const { end } = rig.run(day, ...onchain);
    const early = end.then((ended) =>
      assert.fail(`it ended before anybody was asked: ${JSON.stringify(ended)}`),
    );
    const { transactions } = await Promise.race([waiting(), early]);
    assert.ok(transactions > 0);
    assert.match(await page(), /the proposal waits for a decision/);
    const why = await rig.command('why', key);
    assert.match(why.stdout, /transactions? waits? for a decision until|npx sevenfold approve/);

    // Refused for its reason, and before the run waits for that it does not wait yet.
    await until('the run waits', async () => {
      const empty = await rig.command('reject', key, '--reason', ' ');
      assert.notEqual(empty.exitCode, 0);
      return /reject needs a reason/.test(`${empty.stdout}${empty.stderr}`);
    });
    const answer = await rig.command('reject', key, '--reason', 'too much in one pool', '--by', 'ann');
    assert.equal(answer.exitCode, 0, answer.stderr);
    const { exitCode, result, stderr } = await end;
    assert.deepEqual([exitCode, result.status], [0, 'complete'], stderr);
    assert.match(JSON.stringify(result), /the proposal was rejected by ann: too much in one pool/);

    const { rows } = await rig.database.query<{ place: string; amount: string }>(
      `select case when pool_id is null then 'wallet' else 'pool' end as place,
              trim_scale(unallocated_balance + allocated_balance)::text as amount
         from daily_balances where portfolio = 'onchain' and date = $1 order by pool_id nulls first`,
      [day],
    );
    assert.deepEqual(rows[0], { place: 'wallet', amount: '750000.000001' });
    assert.equal(rows.length, 2);
    const written = await page();
    assert.match(written, /onchain portfolio/);
    assert.match(written, /the proposal was rejected by ann: too much in one pool/);
    const late = await rig.command('approve', key);
    assert.match(`${late.stdout}${late.stderr}`, /is not running: it is complete/);
  });

  test('made again to the same transactions, nobody is asked twice', async () => {
    const { exitCode, result } = await rig.run(day, ...onchain, '--force').end;
    assert.deepEqual([exitCode, result.status], [0, 'complete']);
    const { rows } = await rig.database.query('select state from approvals');
    assert.deepEqual(rows, [{ state: 'rejected' }]);
  });
});
