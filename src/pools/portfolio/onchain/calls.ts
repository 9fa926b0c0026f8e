/** Questions to contracts (`eth_call`) and what a node answers to a batch of them. Nothing here signs or sends. */
import { Failure } from '../../../failures.ts';

/** Lower case, `0x` and 40 hexadecimal digits. */
export type Address = string;

/** What `eth_call` is asked; all calls of a day are asked at one block. */
export interface Call {
  to: Address;
  data: string;
}

export type Answer =
  | { kind: 'value'; value: bigint }
  /** There is no contract at this address, or it gave nothing. */
  | { kind: 'nothing' }
  /** The contract refused the question. */
  | { kind: 'reverted'; message: string }
  /** The node did not answer it: the same question may be answered later. */
  | { kind: 'failed'; message: string };

export const zeroAddress: Address = `0x${'0'.repeat(40)}`;

const selectors = {
  balanceOf: '0x70a08231',
  convertToAssets: '0x07a2d13a',
  decimals: '0x313ce567',
  asset: '0x38d52e0f',
} as const;

export const calls = {
  /** Base units of `token` that `wallet` holds. */
  balanceOf: (token: Address, wallet: Address): Call => ({
    to: token,
    data: selectors.balanceOf + word(BigInt(wallet)),
  }),
  /** Base units of the underlying token that so many shares of a vault are worth (ERC-4626). */
  convertToAssets: (vault: Address, shares: bigint): Call => ({
    to: vault,
    data: selectors.convertToAssets + word(shares),
  }),
  decimals: (token: Address): Call => ({ to: token, data: selectors.decimals }),
  /** The underlying token of a vault, as a number (`addressOf`). */
  asset: (vault: Address): Call => ({ to: vault, data: selectors.asset }),
};

/** Reads an address in any case; undefined for all else. */
export function parseAddress(text: unknown): Address | undefined {
  return typeof text === 'string' && /^0x[0-9a-f]{40}$/i.test(text) ? text.toLowerCase() : undefined;
}

/** The address in an answer to `asset`; undefined where the number is none. */
export function addressOf(value: bigint): Address | undefined {
  return value >> 160n === 0n ? `0x${value.toString(16).padStart(40, '0')}` : undefined;
}

/** A whole number of JSON-RPC (`0x1f`), at most 256 bits; undefined for all else. */
export function parseQuantity(text: unknown): bigint | undefined {
  return typeof text === 'string' && /^0x[0-9a-f]{1,64}$/i.test(text) ? BigInt(text) : undefined;
}

/**
 * The answers of a batch by id, in whatever order they came. Throws where the batch as a whole was refused, or an id that
 * was asked has no answer, two, or one that is no 32-byte word.
 */
export function readAnswers<Id extends string | number>(
  body: unknown,
  asked: readonly Id[],
): Map<Id, Answer> {
  if (!Array.isArray(body)) {
    throw new Failure(
      'Infrastructure',
      `the node refused the whole batch: ${clipped(errorOf(body) ?? body)}`,
    );
  }
  const answers = new Map<Id, Answer>();
  const known = new Set<unknown>(asked);
  for (const item of body as unknown[]) {
    const { id: found, result } = objectOf(item);
    if (!known.has(found)) continue;
    const id = found as Id;
    if (answers.has(id)) throw new Failure('Infrastructure', `the node answered call ${id} twice`);
    answers.set(id, readAnswer(id, result, errorOf(item)));
  }
  const missing = asked.filter((id) => !answers.has(id));
  if (missing.length > 0)
    throw new Failure(
      'Infrastructure',
      `the node left ${missing.length} of ${asked.length} calls unanswered`,
    );
  return answers;
}

function readAnswer(
  id: string | number,
  result: unknown,
  error: Record<string, unknown> | undefined,
): Answer {
  if (error !== undefined) {
    const message = clipped(error['message'] ?? error);
    // 3 is the code of a revert in geth and those that follow it; older nodes say it in words alone
    const reverted = error['code'] === 3 || /revert/i.test(message);
    return { kind: reverted ? 'reverted' : 'failed', message };
  }
  if (result === '0x') return { kind: 'nothing' };
  if (typeof result !== 'string' || !/^0x[0-9a-f]{64}$/i.test(result)) {
    throw new Failure(
      'Infrastructure',
      `the node's answer to call ${id} is no 32-byte word: ${clipped(result)}`,
    );
  }
  return { kind: 'value', value: BigInt(result) };
}

function errorOf(item: unknown): Record<string, unknown> | undefined {
  const { error } = objectOf(item);
  return error === undefined || error === null ? undefined : objectOf(error);
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function clipped(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}
