import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a webhook of Slack's would have received, on a port of this machine. */
export interface SlackReceiver {
  url: string;
  messages: { text: string; blocks: unknown[] }[];
  close: () => Promise<void>;
}

/** Answers every message with `200 ok`, as Slack does. */
export async function slackReceiver(): Promise<SlackReceiver> {
  const messages: SlackReceiver['messages'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      messages.push(JSON.parse(body) as SlackReceiver['messages'][number]);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T/B/secret`,
    messages,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
