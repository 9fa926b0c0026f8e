import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Nobody may ever read this in a log or a record. */
export const secretPath = '/services/T0SECRET/B0SECRET/xyzzyplugh';

export interface Receiver {
  url: string;
  /** The bodies of the messages, as they came. */
  messages: { text: string; blocks?: unknown[] }[];
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A webhook on loopback that gives the answers it was made with, then the last one again and again. */
export async function receiver(
  t: { after: (end: () => void) => void },
  ...answers: (number | Answer)[]
): Promise<Receiver> {
  const messages: Receiver['messages'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      messages.push(JSON.parse(body) as Receiver['messages'][number]);
      const answer = answers[Math.min(messages.length, answers.length) - 1] ?? 200;
      if (typeof answer === 'function') answer(response, request);
      else response.writeHead(answer).end(answer < 300 ? 'ok' : 'no_service');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${secretPath}`, messages };
}

/** An address at which nobody listens any more. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}${secretPath}`;
}
