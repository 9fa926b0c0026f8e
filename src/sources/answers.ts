/** What an answer is worth: by its status, its type and its body. Pure. */
import { printable, visible } from '../planning/legible.ts';

/** An answer as it came, its body unpacked. */
export interface Answer {
  status: number;
  contentType: string | null;
  body: Buffer;
  retryAfter: string | null;
  /** The provider's clock. */
  date: string | null;
  /** Where a redirect sends to, without keys. */
  movedTo?: string;
}

/** What is done about an answer that cannot be stored as good. */
export type Trouble =
  /** The host asks for a pause: nobody asks it meanwhile. */
  | { then: 'pause'; problem: string; ms?: number }
  /** It may pass by itself. */
  | { then: 'again'; problem: string }
  /** The same request would be answered the same. */
  | { then: 'final'; problem: string };

/** How a body is read and what must be in it. */
export interface Expected {
  type: 'json' | 'csv';
  /** Errors that a provider sends with status 200. */
  refusal?: (body: unknown) => Trouble | undefined;
  /** What is wrong with the shape, or what is missing, as the end of a sentence; undefined when it is whole. */
  shape: (body: unknown) => string | undefined;
  /** The variable with the key that goes with the request, to be named where it is refused. */
  keyName?: string;
  /** Statuses that this provider means otherwise than others. */
  passing?: readonly number[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Longer pauses are not believed. */
export const longestPauseMs = 60 * 60_000;
const quoted = 200;

/** What is wrong with an answer, in one line; undefined when it may be stored as the day's. */
export function judgeAnswer(answer: Answer, expected: Expected, now: number): Trouble | undefined {
  const trouble = judge(answer, expected, now);
  return trouble && { ...trouble, problem: visible(trouble.problem) };
}

function judge(answer: Answer, expected: Expected, now: number): Trouble | undefined {
  const { status } = answer;
  const ms = retryAfterMs(answer.retryAfter, now);
  if (status === 429 || status === 418 || (status === 503 && ms !== undefined)) {
    return { then: 'pause', problem: described(answer), ...(ms !== undefined && { ms }) };
  }
  if (answer.movedTo !== undefined && status >= 300 && status <= 399) {
    return { then: 'final', problem: `${described(answer)}; it sends to ${answer.movedTo.slice(0, quoted)}` };
  }
  const key = expected.keyName === undefined ? 'the key' : `the key ${expected.keyName}`;
  if (status === 401 || status === 403) {
    return { then: 'final', problem: `${described(answer)}; ${key} or this address is refused` };
  }
  if (expected.passing?.includes(status) === true) {
    const ofKey = expected.keyName !== undefined && /api.?key/i.test(answer.body.toString('utf8', 0, 4_096));
    return { then: 'again', problem: `${described(answer)}${ofKey ? `; ${key} is refused` : ''}` };
  }
  if (status === 408 || status >= 500) return { then: 'again', problem: described(answer) };
  if (status < 200 || status > 299) return { then: 'final', problem: described(answer) };
  return judgeBody(answer, expected);
}

function judgeBody(answer: Answer, { type, refusal, shape }: Expected): Trouble | undefined {
  const again = (problem: string): Trouble => ({ then: 'again', problem });
  let text: string;
  try {
    text = utf8.decode(answer.body);
  } catch {
    // Whoever reads the stored body would refuse it, and it would be the day's for good.
    return again(`not UTF-8: ${described(answer)}`);
  }
  if (text.trim() === '') return again(`HTTP ${answer.status} with an empty body`);
  if (/^\s*</.test(text)) return again(`a page instead of ${type.toUpperCase()}: ${described(answer)}`);
  let body: unknown = text;
  if (type === 'json') {
    try {
      body = JSON.parse(text);
    } catch {
      return again(`not whole JSON (${text.length.toLocaleString('en')} characters): ${described(answer)}`);
    }
  }
  const refused = refusal?.(body);
  if (refused !== undefined) return refused;
  const wrong = shape(body);
  return wrong === undefined ? undefined : again(`${wrong}: ${described(answer)}`);
}

/** Status, type and beginning: what a person needs to see who is at fault. */
export function described({ status, contentType, body }: Answer): string {
  const start = printable(
    body
      .subarray(0, 4 * quoted)
      .toString('utf8')
      .replace(/\s+/g, ' ')
      .trim(),
  ).slice(0, quoted);
  return `HTTP ${status} ${contentType?.split(';')[0] ?? 'without a type'}${start === '' ? '' : ` "${start}"`}`;
}

/** `Retry-After` in seconds or as a date of HTTP, always GMT; undefined where there is none that makes sense. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const isSeconds = /^\s*\d+(\.\d+)?\s*$/.test(header);
  // What begins otherwise (-5) would be some day of 2001.
  if (!isSeconds && !/^\s*[a-z]{3,9},?\s/i.test(header)) return undefined;
  const date = /GMT\s*$/i.test(header) ? header : `${header} GMT`;
  const seconds = isSeconds ? Number(header) : (Date.parse(date) - now) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(longestPauseMs, Math.max(0, seconds * 1000));
}

/** A clock that is off by more makes a day of another one. */
const clockMayBeOffMs = 60_000;

/** What is wrong with this machine's clock, by a provider's `Date`; undefined where nothing is, or nothing is known. */
export function clockRemark(date: string | null, now: number): string | undefined {
  const off = date === null ? Number.NaN : now - Date.parse(date);
  if (!(Math.abs(off) > clockMayBeOffMs)) return undefined;
  const seconds = Math.round(Math.abs(off) / 1000);
  return `this machine's clock is ${seconds} s ${off > 0 ? 'ahead of' : 'behind'} it: set the clock`;
}

/** A JSON object, for the checks of shapes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A refusal inside a JSON-RPC answer or batch, as nodes send it with status 200. */
export function rpcTrouble(body: unknown): Trouble | undefined {
  const one = Array.isArray(body) ? (body as unknown[]) : [body];
  const errors = one.flatMap((each) => (isObject(each) && isObject(each['error']) ? [each['error']] : []));
  if (errors.length === 0 || errors.length < one.length) return undefined;
  const { code, message } = errors[0]!;
  const problem = printable(`error ${String(code)} in a 200: ${String(message)}`).slice(0, quoted);
  return code === -32005 ? { then: 'pause', problem } : { then: 'again', problem };
}
