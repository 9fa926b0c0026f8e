import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { Refusal } from './api.ts';
import type { Faults } from './faults.ts';

export interface CloudOptions {
  projectId: string;
  /** By full name with version. */
  secrets: Record<string, string>;
  faults: Faults;
}

export interface Cloud {
  /** `127.0.0.1:port` */
  address: string;
  stop(): Promise<void>;
}

/** What a driver finds on a Google machine: the metadata server, which issues a token, and its secrets. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  // A made-up token: secrets are only given to a caller that asked the metadata server first.
  const token = `loopback-${randomBytes(12).toString('hex')}`;
  const server = createServer((request, response) => {
    answer(options, token, request, response).catch((error: unknown) => {
      send(response, httpStatus(error), JSON.stringify({ error: { message: (error as Error).message } }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  { projectId, secrets, faults }: CloudOptions,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const [, secret] = /^\/v1\/(.+):access$/.exec(pathname) ?? [];
  if (secret === undefined) {
    response.setHeader('Metadata-Flavor', 'Google');
    // As Google's: it refuses requests that came through a redirect or proxy.
    if (pathname !== '/' && request.headers['metadata-flavor'] !== 'Google') {
      return send(response, 403, 'Missing Metadata-Flavor:Google header.');
    }
    const found = metadata(projectId, token)[pathname.replace(/(?<=.)\/$/, '')];
    if (found === undefined) return send(response, 404, 'Not Found');
    response.setHeader('content-type', typeof found === 'string' ? 'text/plain' : 'application/json');
    return send(response, 200, typeof found === 'string' ? found : JSON.stringify(found));
  }
  if (request.headers.authorization !== `Bearer ${token}`) {
    return send(response, 401, '{"error":{"code":401,"status":"UNAUTHENTICATED"}}');
  }
  await faults.answer('AccessSecretVersion', () => {
    const value = secrets[secret];
    response.setHeader('content-type', 'application/json');
    if (value === undefined) return send(response, 404, '{"error":{"code":404,"status":"NOT_FOUND"}}');
    const data = Buffer.from(value).toString('base64');
    send(response, 200, JSON.stringify({ name: secret, payload: { data } }));
  });
}

function metadata(projectId: string, token: string): Record<string, string | object> {
  const email = `driver@${projectId}.iam.gserviceaccount.com`;
  const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
  const base = '/computeMetadata/v1';
  const account = `${base}/instance/service-accounts/default`;
  return {
    '/': 'computeMetadata/\n',
    [base]: 'instance/\nproject/\n',
    [`${base}/project/project-id`]: projectId,
    [`${base}/universe/universe-domain`]: 'googleapis.com',
    [`${base}/instance/service-accounts`]: 'default/\n',
    [account]: { aliases: ['default'], email, scopes },
    [`${account}/email`]: email,
    [`${account}/scopes`]: scopes.join('\n'),
    [`${account}/token`]: { access_token: token, expires_in: 3_599, token_type: 'Bearer' },
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  if (!response.headersSent) response.writeHead(status).end(body);
}

/** HTTP status for the gRPC codes that a fault may ask for. */
function httpStatus(error: unknown): number {
  const statuses: Record<number, number> = { 3: 400, 5: 404, 7: 403, 8: 429, 14: 503, 16: 401 };
  return (error instanceof Refusal ? statuses[error.code] : undefined) ?? 500;
}
