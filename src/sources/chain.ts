/**
 * Ethereum nodes: what wallets hold, by questions to contracts, all of them at one final block. Keys are not needed, and
 * nothing is ever signed or sent.
 */
import { createHash } from 'node:crypto';
import {
  calls,
  objectOf,
  parseAddress,
  parseQuantity,
  readAnswers,
} from '../pools/portfolio/onchain/calls.ts';
import type { Address, Answer, Call as ContractCall } from '../pools/portfolio/onchain/calls.ts';
import type { PoolOnChain, TokenOnChain } from '../pools/portfolio/onchain/holdings.ts';
import type { PoolSettings } from '../pools/settings.ts';
import type { Trouble } from './answers.ts';
import type { Call } from './client.ts';
import { listedPools } from './listing.ts';
import { todayOf } from './settings.ts';
import { CannotPlan, chunksOf, unixOf } from './source.ts';
import type { DayInHand, Head, LiveSource, Wanted } from './source.ts';

/** Public nodes refuse larger batches. */
const callsInABatch = 20;
/** A node keeps the states of some 128 blocks, 25 minutes: what is older is asked for anew, at a newer block. */
const blockServesMs = 10 * 60_000;
/** The newest final block may be so much older than the day. */
const behindSeconds = 3_600;

export const chainCalls: LiveSource = {
  name: 'chain-calls',
  brings: 'what the wallets hold',
  required: true,
  onChain: true,
  allowedDays: 0,
  after: ['llama-pools', 'llama-addresses'],
  patienceMinutes: 30,
  says: (body) => `block ${readHead(body).block}`,
  async wanted(day) {
    if (day.wallets.length === 0) return [];
    const stored = await day.storedAt('chain-calls');
    const round = newestRound(stored.keys()) ?? 1;
    const wanted = await wantedOf(day, round);
    const since = stored.get(blockKey(round))?.getTime() ?? Number.POSITIVE_INFINITY;
    const isWhole = wanted.every(({ key }) => stored.has(key));
    const isOld = Date.now() - since > blockServesMs && day.day === todayOf(day.settings);
    return isWhole || !isOld ? wanted : wantedOf(day, round + 1);
  },
};

/** What nodes answered for a day, as far as it is stored: all of the newest block that was begun. */
export interface ChainDay {
  head: Head;
  tokens: TokenOnChain[];
  pools: PoolOnChain[];
  /** By `questionId`. */
  answers: ReadonlyMap<string, Answer>;
}

/** Undefined where no block was stored for the day. */
export async function readChainDay(day: DayInHand): Promise<ChainDay | undefined> {
  const stored = await day.storedAt('chain-calls');
  const round = newestRound(stored.keys());
  if (round === undefined) return undefined;
  const head = readHead((await day.body('chain-calls', blockKey(round)))!);
  const answers = new Map<string, Answer>();
  for (const key of stored.keys()) {
    if (!key.startsWith(`${round}/`) || key === blockKey(round)) continue;
    const body: unknown = JSON.parse((await day.body('chain-calls', key))!.toString('utf8'));
    const asked = (body as { id: string }[]).map(({ id }) => id);
    for (const [id, answer] of readAnswers(body, asked)) answers.set(id, answer);
  }
  return { head, answers, tokens: tokensOnChain(day.pools), pools: await poolsOnChain(day) };
}

/** The block that the day's answers are of; undefined as long as none is stored. */
export async function headOf(day: Pick<DayInHand, 'body' | 'storedAt'>): Promise<Head | undefined> {
  const round = newestRound((await day.storedAt('chain-calls')).keys());
  return round === undefined ? undefined : readHead((await day.body('chain-calls', blockKey(round)))!);
}

/** How a question is called in requests and answers, so that a stored answer says what was asked. */
export const questionId = {
  decimals: (token: Address) => `decimals ${token}`,
  balanceOf: (token: Address, wallet: Address) => `balanceOf ${token} ${wallet}`,
  convertToAssets: (vault: Address, wallet: Address) => `convertToAssets ${vault} ${wallet}`,
  asset: (vault: Address) => `asset ${vault}`,
};

interface Question {
  id: string;
  call: ContractCall;
}

/** First the block, then balances at it, then what shares are worth. */
async function wantedOf(day: DayInHand, round: number): Promise<Wanted[]> {
  const block: Wanted = {
    key: blockKey(round),
    calls: askNodes(day, [
      { jsonrpc: '2.0', id: 'block', method: 'eth_getBlockByNumber', params: ['finalized', false] },
    ]),
    expected: { type: 'json', refusal: nodeTrouble, shape: (body) => headShape(body, day) },
  };
  const body = await day.body('chain-calls', block.key);
  if (body === undefined) return [block];
  const at = readHead(body).block;
  const tokens = tokensOnChain(day.pools);
  const pools = await poolsOnChain(day);
  const contracts = [...new Set([...tokens, ...pools].map(({ address }) => address))];
  const balances = batchesOf(day, round, 'balances', at, [
    ...tokens.map(({ address }) => ({ id: questionId.decimals(address), call: calls.decimals(address) })),
    ...day.wallets.flatMap((wallet) =>
      contracts.map((address) => ({
        id: questionId.balanceOf(address, wallet),
        call: calls.balanceOf(address, wallet),
      })),
    ),
  ]);
  const held = new Map<string, Answer>();
  for (const { key, ids } of balances) {
    const stored = await day.body('chain-calls', key);
    if (stored === undefined) return [block, ...balances];
    for (const [id, answer] of readAnswers(JSON.parse(stored.toString('utf8')), ids)) held.set(id, answer);
  }
  const shares = pools.flatMap(({ address }): Question[] => {
    const ofWallets = day.wallets.flatMap((wallet): Question[] => {
      const answer = held.get(questionId.balanceOf(address, wallet));
      if (answer?.kind !== 'value' || answer.value === 0n) return [];
      const call = calls.convertToAssets(address, answer.value);
      return [{ id: questionId.convertToAssets(address, wallet), call }];
    });
    return ofWallets.length === 0
      ? []
      : [...ofWallets, { id: questionId.asset(address), call: calls.asset(address) }];
  });
  return [block, ...balances, ...batchesOf(day, round, 'shares', at, shares)];
}

/** The key holds a digest of what is asked: other lists ask for what is missing by them, and no more. */
function batchesOf(
  day: DayInHand,
  round: number,
  what: string,
  block: number,
  questions: readonly Question[],
): (Wanted & { ids: string[] })[] {
  return chunksOf(questions, callsInABatch).map((chunk) => {
    const ids = chunk.map(({ id }) => id);
    const digest = createHash('sha256')
      .update(JSON.stringify([ids, block]))
      .digest('hex')
      .slice(0, 12);
    return {
      ids,
      key: `${round}/${what}/${digest}`,
      calls: askNodes(
        day,
        chunk.map(({ id, call }) => ({
          ...{ jsonrpc: '2.0', id, method: 'eth_call' },
          params: [call, `0x${block.toString(16)}`],
        })),
      ),
      expected: { type: 'json', refusal: nodeTrouble, shape: (body) => answersShape(body, ids) },
    };
  });
}

/** One batch, to each node in turn. */
export function askNodes(day: DayInHand, batch: readonly object[]): Call[] {
  return day.settings.nodes.map((url) => ({
    url,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch),
  }));
}

const blockKey = (round: number): string => `${round}/block`;

function newestRound(keys: Iterable<string>): number | undefined {
  const rounds = [...keys].flatMap((key) => /^(\d+)\/block$/.exec(key)?.[1] ?? []);
  return rounds.length === 0 ? undefined : Math.max(...rounds.map(Number));
}

function readHead(body: Buffer): Head {
  const head = headIn(JSON.parse(body.toString('utf8')));
  if (head === undefined) throw new CannotPlan('what is stored of the block is no block');
  return head;
}

function headIn(body: unknown): Head | undefined {
  const { result } = objectOf(Array.isArray(body) ? (body as unknown[])[0] : undefined);
  const { number, hash, timestamp } = objectOf(result);
  const [block, at] = [parseQuantity(number), parseQuantity(timestamp)];
  if (block === undefined || at === undefined || typeof hash !== 'string') return undefined;
  return { block: Number(block), hash, timestamp: Number(at) };
}

function headShape(body: unknown, { day }: DayInHand): string | undefined {
  const head = headIn(body);
  if (head === undefined) return 'no block';
  if (head.timestamp > unixOf(day) + 2 * 86_400) return 'a block of another time';
  if (head.timestamp >= unixOf(day) - behindSeconds) return undefined;
  const at = new Date(head.timestamp * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return `the node is behind: its newest final block is of ${at} UTC`;
}

function answersShape(body: unknown, ids: readonly string[]): string | undefined {
  try {
    const failed = [...readAnswers(body, ids)].find(([, answer]) => answer.kind === 'failed');
    return failed === undefined ? undefined : `${failed[0]} was not answered`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Words of nodes that no longer have the state of a block. */
const stateIsGone =
  /missing trie node|header not found|state .*(not available|unavailable|pruned)|historical/i;

/** What a node refuses of a batch with status 200: that a contract refuses a question is an answer. */
export function nodeTrouble(body: unknown): Trouble | undefined {
  for (const item of Array.isArray(body) ? (body as unknown[]) : [body]) {
    const { error } = objectOf(item);
    if (error === undefined || error === null) continue;
    const { code, message } = objectOf(error);
    const words = String(message).slice(0, 200);
    if (Array.isArray(body) && (code === 3 || /revert/i.test(words))) continue;
    const problem = `error ${String(code)} in a 200: ${words}`;
    if (code === -32005) return { then: 'pause', problem };
    return stateIsGone.test(words)
      ? { then: 'again', problem: `${problem}; another node is needed (SEVENFOLD_ETHEREUM_NODES)` }
      : { then: 'again', problem };
  }
  return undefined;
}

export function tokensOnChain({ approvedTokens }: PoolSettings): TokenOnChain[] {
  return approvedTokens.flatMap(({ symbol, address }) =>
    address === null ? [] : [{ symbol, address: address.toLowerCase() }],
  );
}

/**
 * Pools on Ethereum whose share token is known, of approved protocols and with an approved token, whatever else the filters
 * say of them: what is held there is to be seen. Of several with one address the one that the books hold, else the largest.
 */
async function poolsOnChain(day: DayInHand): Promise<PoolOnChain[]> {
  const body =
    (await day.body('llama-addresses', 'tokenAddress')) ??
    (await day.earlierBody('llama-addresses', 'tokenAddress'));
  if (body === undefined) throw new CannotPlan('the addresses of pools are not there');
  const addresses = new Map(Object.entries(JSON.parse(body.toString('utf8')) as Record<string, unknown>));
  const known = await day.poolsHeld();
  const held = new Set(known.map(({ poolId }) => poolId));
  const tokens = new Map(tokensOnChain(day.pools).map((token) => [token.address, token]));
  const protocols = new Set(day.pools.approvedProtocols);
  const listed = (await listedPools(day))
    .filter(({ poolId, protocol, onEthereum }) => {
      return onEthereum && (held.has(poolId) || protocols.has(protocol ?? ''));
    })
    .map((pool) => ({ ...pool, address: parseAddress(addresses.get(pool.poolId)) }))
    .sort((a, b) => Number(held.has(b.poolId)) - Number(held.has(a.poolId)) || b.tvl - a.tvl);
  const found = new Map<Address, PoolOnChain>();
  // What is held may have left the list; its share token is still what it was.
  for (const { poolId, protocol, address: given, tokens: of } of [...known, ...listed]) {
    const address = parseAddress(given);
    const token = of.map((each) => tokens.get(each)).find((each) => each !== undefined);
    // A pool whose share is the token itself is no place to be in: the wallet holds the token.
    if (address === undefined || token === undefined) continue;
    if (token.address === address || found.has(address)) continue;
    found.set(address, { poolId, protocol, address, token });
  }
  return [...found.values()].sort((a, b) => (a.poolId < b.poolId ? -1 : 1));
}
