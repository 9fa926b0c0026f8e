import { setTimeout as sleep } from 'node:timers/promises';
import { failpoint } from '../failpoints.ts';
import { classify } from '../failures.ts';
import { kindOf } from '../kinds/index.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { claimMessage, giveUpMessage, settleMessage, withMessageLock } from '../notifications/ledger.ts';
import type { MessageKey } from '../notifications/ledger.ts';
import type { Message, SlackMessage } from '../notifications/message.ts';
import { postOnce } from '../notifications/webhook.ts';
import type { Dependencies } from './dependencies.ts';

/** What became of the message of a run. */
export interface Notified {
  state: 'sent' | 'unconfirmed' | 'refused' | 'nothing_to_send';
}

export interface NotifyOptions {
  timeoutMs?: number;
  /** How long to wait before each further try after a refusal. */
  backOffMs?: readonly number[];
}

const usualBackOffMs = [1_000, 4_000, 15_000];

/**
 * Sends Slack a message of how a run ended, if its kind has one, at most once an outcome. Safe to repeat: the message is claimed in `notifications`
 * before it is sent, and what nobody can know to have arrived is not sent again. Trouble with the webhook is on record
 * and in the log, and never the run's.
 */
export async function notifyRun(
  deps: Dependencies,
  { runId }: { runId: string },
  options: NotifyOptions = {},
): Promise<Notified> {
  const { database, config, log } = deps;
  const run = await readRun(database, runId);
  const { slackWebhookUrl } = config;
  const kind = kindOf(run);
  const outcome = run.status === 'cancelled' ? undefined : await kind.message?.outcome(database, run);
  if (kind.message === undefined || outcome === undefined) return { state: 'nothing_to_send' };
  if (slackWebhookUrl === undefined) {
    log.info({ key: run.key, outcome }, 'no message: no webhook is configured (SLACK_WEBHOOK_URL)');
    return { state: 'nothing_to_send' };
  }
  const message: MessageKey = { runId, outcome, channel: 'slack' };
  // Everything slow comes before the claim: a kill between claim and answer loses the message.
  const body = await buildMessage(deps, run, kind.message, outcome);
  if (body === undefined) return { state: 'refused' };
  return await withMessageLock(database, message, async (client) => {
    for (const waitMs of [...(options.backOffMs ?? usualBackOffMs), undefined]) {
      await failpoint(config.failpoints, 'notify-before-claim');
      const claim = await claimMessage(client, message);
      if (!claim.mine) {
        if (claim.state === 'unconfirmed')
          log.warn({ key: run.key, outcome }, 'nobody knows whether the message arrived; not sent again');
        return { state: claim.state };
      }
      const delivery = await postOnce(slackWebhookUrl, body, options.timeoutMs);
      await failpoint(config.failpoints, 'notify-sent');
      await settleMessage(client, database, message, claim.claimedAt, delivery);
      if (delivery.state === 'sent') return { state: 'sent' };
      if (delivery.state === 'unconfirmed' || waitMs === undefined) {
        log.error({ key: run.key, outcome, state: delivery.state }, delivery.problem);
        return { state: delivery.state };
      }
      await sleep(waitMs);
    }
    return { state: 'refused' };
  });
}

/** A message that cannot be built is our own fault: it is said, but a day that is whole stays whole. */
async function buildMessage(
  { database, log }: Dependencies,
  run: Run,
  message: Message,
  outcome: string,
): Promise<SlackMessage | undefined> {
  try {
    return await message.build(database, run, outcome);
  } catch (error) {
    if (classify(error).type === 'Infrastructure') throw error;
    const problem = `the message cannot be built: ${(error as Error).message}`;
    log.error({ key: run.key, outcome }, problem);
    await giveUpMessage(database, { runId: run.runId, outcome, channel: 'slack' }, problem);
    return undefined;
  }
}
