/** One message to a webhook, and an honest answer to whether it arrived. The address is a secret: it is never repeated. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isSampleKey } from '../planning/dataset-key.ts';

export type Delivery =
  | { state: 'sent' }
  /** It certainly was not taken: it may be sent again. */
  | { state: 'refused'; problem: string }
  /** It was on its way and nobody can know: sending it again might show it twice. */
  | { state: 'unconfirmed'; problem: string };

const usualTimeoutMs = 10_000;

/**
 * Posts `body` as JSON, once. What went wrong before the connection stood, and every answer that is not a success, is a
 * refusal; a time-out or a lost connection after that leaves it open. Never throws.
 */
export function postOnce(address: string, body: unknown, timeoutMs = usualTimeoutMs): Promise<Delivery> {
  const url = new URL(address);
  const content = JSON.stringify(body);
  const secure = url.protocol === 'https:';
  return new Promise((settle) => {
    let connected = false;
    const fail = (problem: string) =>
      settle({ state: connected ? 'unconfirmed' : 'refused', problem: `the webhook ${problem}` });
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      // A connection of its own: one that was kept may be gone already, and then nobody knows what was sent.
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(content),
      },
    });
    request.on('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? `did not ${connected ? 'answer' : 'take the connection'} within ${timeoutMs / 1000} s`
          : `${connected ? 'broke off' : 'cannot be reached'} (${error.code ?? error.name})`,
      ),
    );
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        response.resume();
        settle({ state: 'sent' });
        return;
      }
      readWord(response).then(
        (word) => settle({ state: 'refused', problem: `the webhook answered HTTP ${status}${word}` }),
        () => settle({ state: 'refused', problem: `the webhook answered HTTP ${status}` }),
      );
    });
    request.end(content);
  });
}

/** Slack's reason is one word (`no_service`); anything longer may hold what nobody should read in a log. */
async function readWord(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > 64) {
      response.destroy();
      return '';
    }
  }
  return /^[a-z_]+$/.test(text) ? ` (${text})` : '';
}

/**
 * One line about something that waits for a person. `sent: false` means that it certainly did not arrive and may be sent
 * again; where nobody can know, it counts as sent and `problem` says so. Nothing about sample data leaves the machine.
 * Never throws.
 */
export async function sendAlert(
  webhookUrl: string | undefined,
  line: string,
  options: { dataset?: string; timeoutMs?: number } = {},
): Promise<{ sent: boolean; problem?: string }> {
  if (options.dataset !== undefined && isSampleKey(options.dataset))
    return { sent: false, problem: 'sample data stays on this machine' };
  if (webhookUrl === undefined) return { sent: false, problem: 'no webhook is configured' };
  const delivery = await postOnce(webhookUrl, alertMessage(line), options.timeoutMs);
  return delivery.state === 'sent'
    ? { sent: true }
    : { sent: delivery.state === 'unconfirmed', problem: delivery.problem };
}

function alertMessage(line: string): { text: string } {
  return { text: escapeMrkdwn(line).slice(0, 3_000) };
}

/** The three characters that mean something to Slack wherever they stand. */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
