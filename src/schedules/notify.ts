import type { Config } from '../config.ts';
import { sendAlert } from '../notifications/webhook.ts';
import type { Notify } from './check.ts';

/** To Slack, where the installation has a webhook; undefined where there is none. */
export function slackNotify({ slackWebhookUrl }: Pick<Config, 'slackWebhookUrl'>): Notify | undefined {
  return slackWebhookUrl === undefined ? undefined : (text) => sendAlert(slackWebhookUrl, text);
}
