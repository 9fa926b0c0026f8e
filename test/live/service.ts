/** The providers of live data on loopback, a port each: made days, recorded bodies, faults by route, and counts. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { emulatedWallet } from './chain.ts';
import type { RpcRequest } from './chain.ts';
import type { Recorded } from './recorded.ts';
import { makeWorld } from './world.ts';
import type { World, WorldOptions } from './world.ts';

/** Provider, and the variable that says where it is. */
const providers = {
  'yields.llama.fi': 'SEVENFOLD_LLAMA_YIELDS_URL',
  'coins.llama.fi': 'SEVENFOLD_LLAMA_COINS_URL',
  'api.exchange.coinbase.com': 'SEVENFOLD_COINBASE_URL',
  'api.kraken.com': 'SEVENFOLD_KRAKEN_URL',
  'node-1': 'SEVENFOLD_ETHEREUM_NODES',
  'node-2': 'SEVENFOLD_ETHEREUM_NODES',
  'markets.newyorkfed.org': 'SEVENFOLD_NYFED_URL',
  'home.treasury.gov': 'SEVENFOLD_TREASURY_URL',
  'api-v2.pendle.finance': 'SEVENFOLD_PENDLE_URL',
  'pro-api.coinmarketcap.com': 'SEVENFOLD_COINMARKETCAP_URL',
  'api.stlouisfed.org': 'SEVENFOLD_FRED_URL',
  'api.etherscan.io': 'SEVENFOLD_ETHERSCAN_URL',
  'api.ethplorer.io': 'SEVENFOLD_ETHPLORER_URL',
} as const;
export type Provider = keyof typeof providers;
export const providerNames = Object.keys(providers) as Provider[];

export type FaultKind = 'down' | 'cut' | 'short' | 'html' | 'empty' | 'stall' | `status ${number}`;

export interface Fault {
  provider: Provider;
  /** Part of the address; left out: every request. */
  path?: string;
  kind: FaultKind;
  /** So many requests; left out: all. */
  times?: number;
  /** So many requests are answered as usual before. */
  after?: number;
  retryAfter?: string;
  /** With a status: what is said, in JSON; left out: a page. */
  body?: string;
  delayMs?: number;
}

/** One request, with its body where it has one. */
export interface Asked {
  provider: Provider;
  url: string;
  at: number;
  body: string;
  userAgent: string | undefined;
}

export interface LiveEmulator {
  /** What a worker must be started with to fetch from here. */
  environment: Record<string, string>;
  /** Requests so far, of a provider and part of an address. */
  count(provider?: Provider, path?: string): number;
  requests(): readonly Asked[];
  forget(): void;
  fault(...faults: Fault[]): void;
  mend(): void;
  /** The world that is served from now on. */
  serve(world: World): void;
  stop(): Promise<void>;
}

export async function startLiveEmulator(
  options: WorldOptions & { recorded?: Recorded; latencyMs?: number },
): Promise<LiveEmulator> {
  let world = makeWorld(options);
  const asked: Asked[] = [];
  let faults: Fault[] = [];
  const servers = new Map<Provider, Server>();

  const answer = async (
    provider: Provider,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const body = await bodyOf(request);
    const url = new URL(request.url!, 'http://emulator');
    const shown = decodeURIComponent(request.url!);
    asked.push({ provider, url: shown, at: Date.now(), body, userAgent: request.headers['user-agent'] });
    if (options.latencyMs !== undefined) await sleep(options.latencyMs);
    const reply = (): Reply => recorded(provider, request, url, body) ?? made(world, provider, url, body);
    const fault = faults.find(
      (each) => each.provider === provider && (each.path === undefined || shown.includes(each.path)),
    );
    if (fault?.after !== undefined && fault.after-- > 0) return send(request, response, reply());
    if (fault?.times !== undefined && --fault.times <= 0) faults = faults.filter((each) => each !== fault);
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault !== undefined) return fail(fault, reply(), request, response);
    send(request, response, reply());
  };

  const recorded = (
    provider: Provider,
    request: IncomingMessage,
    url: URL,
    body: string,
  ): Reply | undefined => {
    const found = options.recorded?.find(provider, request.method!, url, body);
    if (found === undefined || found.route.path.startsWith('/fault/')) return undefined;
    const { route, bytes } = found;
    return {
      status: route.status,
      type: route.type,
      body: bytes,
      ...(route.headers && { headers: route.headers }),
    };
  };

  for (const provider of providerNames) {
    const server = createServer((request, response) => {
      answer(provider, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.set(provider, server);
  }

  const environment: Record<string, string> = {
    ...{ SEVENFOLD_LIVE_TODAY: options.day, SEVENFOLD_WALLETS: emulatedWallet },
  };
  for (const [provider, server] of servers) {
    const path = provider === 'api.etherscan.io' ? '/v2/api' : '';
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const name = providers[provider];
    environment[name] = name in environment ? `${environment[name]},${address}` : address;
  }
  return {
    environment,
    count: (provider, part) =>
      asked.filter(
        (each) =>
          (provider === undefined || each.provider === provider) &&
          (part === undefined || each.url.includes(part)),
      ).length,
    requests: () => asked,
    forget: () => void asked.splice(0),
    fault: (...more) => void (faults = [...more.map((each) => ({ ...each })), ...faults]),
    mend: () => void (faults = []),
    serve: (next) => void (world = next),
    async stop() {
      await Promise.all(
        [...servers.values()].map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

interface Reply {
  status: number;
  type: string;
  body: Buffer;
  headers?: Record<string, string>;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, headers }: Reply,
): void {
  const packed = /gzip/.test(String(request.headers['accept-encoding'])) && body.length > 1_000;
  const bytes = packed ? gzipSync(body) : body;
  response.writeHead(status, {
    ...{ 'content-type': type, 'content-length': bytes.length },
    ...(packed && { 'content-encoding': 'gzip' }),
    ...headers,
  });
  response.end(bytes);
}

function fail(
  { kind, retryAfter, body }: Fault,
  reply: Reply,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const page = Buffer.from(
    '<!DOCTYPE html><html><head><title>Just a moment</title></head><body>Maintenance</body></html>',
  );
  const half = reply.body.subarray(0, Math.floor(reply.body.length / 2));
  switch (kind) {
    case 'down':
      response.destroy();
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': reply.type, 'content-length': reply.body.length });
      response.write(half, () => response.destroy());
      return;
    case 'short':
      return send(request, response, { ...reply, body: half });
    case 'html':
      return send(request, response, { status: 200, type: 'text/html', body: page });
    case 'empty':
      return send(request, response, { ...reply, body: Buffer.alloc(0) });
    case 'stall':
      return;
    default: {
      const status = Number(kind.slice('status '.length));
      send(request, response, {
        status,
        type: body === undefined ? 'text/html' : 'application/json',
        body: body === undefined ? page : Buffer.from(body),
        ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
      });
    }
  }
}

/** What the made world says. */
function made(world: World, provider: Provider, url: URL, body: string): Reply {
  const json = (value: unknown, status = 200): Reply => ({
    status,
    type: 'application/json',
    body: Buffer.from(JSON.stringify(value)),
  });
  const nothing: Reply = { status: 404, type: 'text/plain', body: Buffer.alloc(0) };
  const asked = decodeURIComponent(url.pathname);
  const query = (name: string): string => url.searchParams.get(name) ?? '';
  const last = asked.split('/').at(-1)!;
  switch (provider) {
    case 'yields.llama.fi':
      if (asked === '/pools') return json({ status: 'success', data: world.pools });
      if (asked === '/tokenAddress') return json(world.addresses());
      if (asked.startsWith('/chart/')) return json(world.chart(last) ?? { status: 'success', data: [] });
      return nothing;
    case 'coins.llama.fi': {
      if (asked.startsWith('/block/')) return json(world.block(Number(last)));
      const seconds = query('period') === '1h' ? 3_600 : 86_400;
      return json(world.coins(last.split(','), Number(query('start')), Number(query('span')), seconds));
    }
    case 'api.exchange.coinbase.com':
      return json(world.candles(asked.split('/')[2]!, 300));
    case 'api.kraken.com': {
      const rows = world.candles(query('pair').startsWith('ETH') ? 'ETH' : 'BTC', 720).reverse();
      const shown = rows.map(([s, low, high, open, close, v]) => [
        s,
        `${open}`,
        `${high}`,
        `${low}`,
        `${close}`,
        `${close}`,
        `${v}`,
        41_203,
      ]);
      const name = query('pair').startsWith('ETH') ? 'XETHZUSD' : 'XXBTZUSD';
      return json({ error: [], result: { [name]: shown, last: rows.at(-2)![0] } });
    }
    case 'node-1':
    case 'node-2': {
      const calls = JSON.parse(body) as RpcRequest[];
      const answers = calls.map((call) => {
        if (call.method !== 'eth_getBlockByNumber') return world.chain.call(call);
        const named = ['finalized', 'latest'].includes(String(call.params[0]));
        const height = named ? world.chain.head : Number(call.params[0]);
        return { jsonrpc: '2.0', id: call.id, result: world.header(height) };
      });
      // In another order than they were asked in.
      return json(answers.reverse());
    }
    case 'api.etherscan.io':
      return json(world.chain.page(query));
    case 'api.ethplorer.io':
      return json(world.chain.history(last, Number(query('timestamp')), Number(query('limit'))));
    case 'markets.newyorkfed.org': {
      const rates = world.sofr(query('startDate'), query('endDate')) as {
        effectiveDate: string;
        percentRate: number;
      }[];
      if (asked.includes('/sofr/')) return json({ refRates: rates });
      const averages = rates.map(({ effectiveDate, percentRate }) => ({
        ...{
          effectiveDate,
          type: 'SOFRAI',
          average30day: percentRate,
          average90day: percentRate,
          average180day: percentRate,
        },
        index: 1.252,
      }));
      return json({ refRates: averages });
    }
    case 'home.treasury.gov':
      return {
        status: 200,
        type: 'text/csv',
        body: Buffer.from(world.yields(Number(asked.split('/').at(-2)))),
      };
    case 'api-v2.pendle.finance': {
      const markets = world.markets();
      const skip = Number(query('skip'));
      return json({ total: markets.length, limit: 100, skip, results: markets.slice(skip, skip + 100) });
    }
    default:
      return nothing;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
