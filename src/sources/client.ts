import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { EnvHttpProxyAgent, Pool, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { Answer } from './answers.ts';
import { LongPause, NoAnswer } from './no-answer.ts';
import { shownUrl } from './secrets.ts';
import type { SourceSettings } from './settings.ts';

/** One request of a provider. Its headers may hold a key. */
export interface Call {
  url: URL;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Where the provider allows less than the usual pace: so long from one request to its host to the next. */
  everyMs?: number;
}

/** How long each step of a request may take, and how much may come. */
export interface Limits {
  connectMs: number;
  firstByteMs: number;
  bodyMs: number;
  bodyBytes: number;
  /** Requests to one host at the same time. */
  concurrency: number;
  /** Whether a request's own `everyMs` is kept. */
  paces: boolean;
}

export const usualLimits: Limits = {
  connectMs: 5_000,
  firstByteMs: 30_000,
  bodyMs: 120_000,
  bodyBytes: 64 * 2 ** 20,
  concurrency: 8,
  paces: true,
};

/** Longer pauses are waited for by Temporal. */
const waitedForMs = 60_000;
const unpack = promisify(gunzip);

interface Host {
  running: number;
  /** When the next request may begin; a pause moves it. */
  freeAt: number;
  pausedUntil: number;
  waiting: (() => void)[];
}

/** Asks providers: one pace and one pause for each host, shared by everything in this process. */
export class SourceClient {
  readonly #settings: SourceSettings;
  readonly #limits: Limits;
  readonly #agent: EnvHttpProxyAgent;
  readonly #hosts = new Map<string, Host>();

  constructor(settings: SourceSettings, limits: Limits = usualLimits) {
    this.#settings = settings;
    this.#limits = limits;
    const { http, https, none } = settings.proxy;
    this.#agent = new EnvHttpProxyAgent({
      httpProxy: http ?? '',
      httpsProxy: https ?? '',
      noProxy: [none, 'localhost,127.0.0.1,[::1],::1'].filter(Boolean).join(','),
      connect: { timeout: limits.connectMs, autoSelectFamilyAttemptTimeout: 1_000 },
      headersTimeout: limits.firstByteMs,
      bodyTimeout: limits.firstByteMs,
      maxResponseSize: limits.bodyBytes,
      clientFactory: (origin, options) => new WayThroughProxy(origin, options),
    });
  }

  /** One answer, whatever its status. Throws NoAnswer, LongPause, or the signal's reason. */
  async ask(call: Call, signal?: AbortSignal): Promise<Answer> {
    const host = this.#host(call.url);
    await this.#turn(call, host, signal);
    try {
      return await this.#send(call, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw noAnswer(error, this.#limits);
    } finally {
      host.running -= 1;
      host.waiting.shift()?.();
    }
  }

  /** Nobody asks this host for so long. */
  pause(url: URL, ms: number): void {
    const host = this.#host(url);
    host.pausedUntil = Math.max(host.pausedUntil, performance.now() + ms);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #host({ host }: URL): Host {
    let known = this.#hosts.get(host);
    if (known === undefined) {
      known = { running: 0, freeAt: 0, pausedUntil: 0, waiting: [] };
      this.#hosts.set(host, known);
    }
    return known;
  }

  async #turn({ url, everyMs = 0 }: Call, host: Host, signal?: AbortSignal): Promise<void> {
    while (host.running >= this.#limits.concurrency) {
      await new Promise<void>((resolve) => host.waiting.push(resolve));
    }
    host.running += 1;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const now = performance.now();
        const paused = host.pausedUntil - now;
        if (paused > waitedForMs) throw new LongPause(url.host, paused);
        if (paused > 0) {
          await sleep(paused, undefined, { signal });
          continue;
        }
        const begin = Math.max(now, host.freeAt);
        host.freeAt = begin + Math.max(60_000 / this.#settings.perMinute, this.#limits.paces ? everyMs : 0);
        if (begin > now) await sleep(begin - now, undefined, { signal });
        if (host.pausedUntil <= performance.now()) return;
      }
    } catch (error) {
      host.running -= 1;
      host.waiting.shift()?.();
      throw error;
    }
  }

  async #send({ url, method, headers, body }: Call, signal?: AbortSignal): Promise<Answer> {
    const whole = AbortSignal.timeout(this.#limits.firstByteMs + this.#limits.bodyMs);
    const answer = await request(url, {
      dispatcher: this.#agent,
      method,
      headers: {
        'user-agent': userAgent(this.#settings.contact),
        accept: 'application/json, text/csv;q=0.9, */*;q=0.1',
        'accept-encoding': 'gzip',
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: signal === undefined ? whole : AbortSignal.any([signal, whole]),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    const header = (name: string): string | null => {
      const value = answer.headers[name];
      return (Array.isArray(value) ? value[0] : value) ?? null;
    };
    const { statusCode: status } = answer;
    const location = header('location');
    return {
      ...{ status, contentType: header('content-type') },
      body: await unpacked(bytes, header('content-encoding'), status, this.#limits.bodyBytes),
      ...{ retryAfter: header('retry-after'), date: header('date') },
      ...(location !== null && URL.canParse(location, url) && { movedTo: shownUrl(new URL(location, url)) }),
    };
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** The body itself, without the mark that some servers put before UTF-8 and JSON does not know. */
async function unpacked(
  bytes: Buffer,
  coding: string | null,
  status: number,
  mostBytes: number,
): Promise<Buffer> {
  const isOk = status >= 200 && status <= 299;
  let body = bytes;
  try {
    if (bytes.length > 0 && coding !== null && !/^identity$/i.test(coding)) {
      if (!/^(x-)?gzip$/i.test(coding)) throw new Error(`it is packed as "${coding}", not as gzip`);
      body = await unpack(bytes, { maxOutputLength: mostBytes });
    }
  } catch (error) {
    // The words of a refusal may be lost: that it is one, and for how long, is not.
    if (isOk) throw error;
    body = Buffer.alloc(0);
  }
  return body.subarray(0, 3).equals(byteOrderMark) ? body.subarray(3) : body;
}

/** Says who asks, and where a provider can reach them. */
export function userAgent(contact: string | undefined): string {
  return contact === undefined ? 'sevenfold/0.1' : `sevenfold/0.1 (${contact})`;
}

const unreachableCodes =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ENETDOWN|PROXY_HUNG_UP)$/;
const untrusted = /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF)|CERT_)/;

function noAnswer(error: unknown, limits: Limits): NoAnswer {
  const code = codeOf(error);
  const seconds = (ms: number): string => `${ms / 1000} s`;
  if (untrusted.test(code)) {
    return new NoAnswer(
      `its certificate is not trusted (${code}); behind a proxy with a certificate of its own set NODE_EXTRA_CA_CERTS`,
      false,
    );
  }
  const words: Record<string, string> = {
    ENOTFOUND: 'its name is not known here',
    EAI_AGAIN: 'names cannot be looked up here',
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    UND_ERR_SOCKET: 'the connection was cut',
    PROXY_HUNG_UP: 'the proxy hung up',
    UND_ERR_CONNECT_TIMEOUT: `no connection within ${seconds(limits.connectMs)}`,
    UND_ERR_HEADERS_TIMEOUT: `no answer within ${seconds(limits.firstByteMs)}`,
    UND_ERR_BODY_TIMEOUT: `the answer stopped for ${seconds(limits.firstByteMs)}`,
    UND_ERR_RES_EXCEEDED_MAX_SIZE: `the answer is larger than ${limits.bodyBytes / 2 ** 20} MB`,
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was cut',
    Z_BUF_ERROR: 'the packed answer was cut',
    Z_DATA_ERROR: 'the answer is not the gzip that it says it is',
    ERR_BUFFER_TOO_LARGE: `the answer is larger than ${limits.bodyBytes / 2 ** 20} MB`,
    TimeoutError: `no whole answer within ${seconds(limits.firstByteMs + limits.bodyMs)}`,
  };
  const said = words[code] ?? `no answer: ${error instanceof Error ? error.message : String(error)}`;
  return new NoAnswer(code === '' ? said : `${said} (${code})`, unreachableCodes.test(code));
}

function codeOf(error: unknown): string {
  const { code, cause, name, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  if (typeof code === 'string') return code;
  if (name === 'TimeoutError') return name;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined || cause === null ? '' : codeOf(cause);
}

/**
 * Asks a proxy for a way to a provider. One that hangs up instead of answering must end the request: undici takes that for a
 * connection that broke by itself, and opens another one at once, a thousand a second and without end.
 */
class WayThroughProxy extends Pool {
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>;
  override connect(
    options: Dispatcher.ConnectOptions,
    callback: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): void;
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    return super.connect(options).catch((error: unknown) => {
      if (codeOf(error) !== 'UND_ERR_SOCKET') throw error;
      throw Object.assign(new Error('the proxy hung up', { cause: error }), { code: 'PROXY_HUNG_UP' });
    });
  }
}

const clients = new WeakMap<SourceSettings, SourceClient>();

/** The one client of this process for these settings. */
export function clientOf(settings: SourceSettings): SourceClient {
  let client = clients.get(settings);
  if (client === undefined) {
    client = new SourceClient(settings);
    clients.set(settings, client);
  }
  return client;
}
