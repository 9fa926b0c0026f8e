/** The table `notifications`: at most one message an outcome of a run, whoever is killed and whatever is retried. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, PoolClient } from '../database/pool.ts';
import { classify } from '../failures.ts';
import type { Delivery } from './webhook.ts';

export interface MessageKey {
  runId: string;
  /** 'complete', 'infeasible' or 'failed'. */
  outcome: string;
  channel: 'slack';
}

export type Claimed = { mine: true; claimedAt: string } | { mine: false; state: 'sent' | 'unconfirmed' };

/** Longer than any one call holds the lock, tries and pauses included. */
const usualWaitMs = 90_000;

/**
 * Runs `work` while no other call is at the same message; a second one waits here. Whoever is killed loses the lock with
 * its connection, so that a claim that is found under the lock belongs to nobody alive. One that is stopped keeps it: then
 * the wait ends, and the claim alone decides, of which there is only one. `work` claims on the connection that it is
 * given: were each call to need a second one, ten of them would wait for each other.
 */
export async function withMessageLock<Result>(
  database: Database,
  key: MessageKey,
  work: (client: PoolClient) => Promise<Result>,
  waitMs = usualWaitMs,
): Promise<Result> {
  const client = await database.connect();
  const name = `sevenfold/notify/${key.runId}/${key.outcome}/${key.channel}`;
  let broken: Error | undefined;
  client.on('error', (error) => (broken = error));
  try {
    await client.query(`set lock_timeout = ${Math.round(waitMs)}`);
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]).catch((error: unknown) => {
      if ((error as { code?: string }).code !== lockTimedOut) throw error;
    });
    return await work(client);
  } finally {
    // The lock and its time-out end with the session.
    client.release(broken ?? true);
  }
}

const lockTimedOut = '55P03';

/**
 * Takes the message, or says what became of it. To be asked under the lock: a claim that is still open there was left by
 * a call that died, and whether its message arrived nobody can know.
 */
export async function claimMessage(
  client: PoolClient,
  { runId, outcome, channel }: MessageKey,
): Promise<Claimed> {
  const claimed = await client.query<{ claimedAt: string }>(
    `insert into notifications (run_id, outcome, channel, state, claimed_at)
     values ($1, $2, $3, 'sending', clock_timestamp())
     on conflict (run_id, outcome, channel) do update
        set state = 'sending', tries = notifications.tries + 1, problem = null, claimed_at = clock_timestamp()
      where notifications.state = 'refused'
     returning claimed_at::text as "claimedAt"`,
    [runId, outcome, channel],
  );
  if (claimed.rows[0]) return { mine: true, claimedAt: claimed.rows[0].claimedAt };
  const left = await client.query<{ state: 'sent' | 'unconfirmed' }>(
    `update notifications
        set state = case state when 'sending' then 'unconfirmed' else state end,
            problem = case state when 'sending' then 'whoever sent it was lost before the answer was on record' else problem end
      where run_id = $1 and outcome = $2 and channel = $3
      returning state`,
    [runId, outcome, channel],
  );
  return { mine: false, state: left.rows[0]!.state };
}

/**
 * Puts on record what became of a claim; only of that claim, whatever was said of it meanwhile. A database that restarts
 * just now is waited for: without the record nobody would know that the message arrived.
 */
export async function settleMessage(
  client: PoolClient,
  database: Database,
  { runId, outcome, channel }: MessageKey,
  claimedAt: string,
  delivery: Delivery,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      // The connection of the lock, unless it broke: the pool's others may all be waiting for that lock.
      await (tries === 1 ? client : database).query(
        `update notifications
            set state = $5, problem = $6, sent_at = case $5 when 'sent' then clock_timestamp() end
          where run_id = $1 and outcome = $2 and channel = $3 and claimed_at = $4::timestamptz`,
        [
          runId,
          outcome,
          channel,
          claimedAt,
          delivery.state,
          delivery.state === 'sent' ? null : delivery.problem,
        ],
      );
      return;
    } catch (error) {
      if (classify(error).type !== 'Infrastructure' || tries === 5) throw error;
      await sleep(500 * tries);
    }
  }
}

/** A message that never was. */
export async function giveUpMessage(
  database: Database,
  { runId, outcome, channel }: MessageKey,
  problem: string,
): Promise<void> {
  await database.query(
    `insert into notifications (run_id, outcome, channel, state, problem) values ($1, $2, $3, 'refused', $4)
     on conflict do nothing`,
    [runId, outcome, channel, problem],
  );
}
