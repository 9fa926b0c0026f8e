/** A chain that is made: whatever wallets hold follows from a list of transfers, by the same questions that a node answers. */
import { createHash } from 'node:crypto';
import { transferTopic } from '../../src/pools/portfolio/onchain/transfers.ts';

export interface ChainTransfer {
  block: number;
  hash: string;
  token: string;
  symbol: string;
  from: string;
  to: string;
  /** Base units. */
  value: bigint;
}

export interface Chain {
  /** The newest final block. */
  head: number;
  unixOf(height: number): number;
  transfers: readonly ChainTransfer[];
  /** One JSON-RPC call. */
  call(request: RpcRequest): object;
  /** A page of Etherscan's `tokentx`. */
  page(query: (name: string) => string): object;
  /** A page of Ethplorer's `getAddressHistory`: what came before a second. */
  history(address: string, before: number, limit: number): object;
  /** Longer ranges of logs are refused. */
  widestLogs: number;
  /** Contracts that refuse `convertToAssets`, and such that are none. */
  reverting: Set<string>;
  absent: Set<string>;
}

export interface RpcRequest {
  id: unknown;
  method: string;
  params: unknown[];
}

/** What to set SEVENFOLD_WALLETS to with the emulator. */
export const emulatedWallet = '0x00000000000000000000000000000000000000a1';
const giver = '0x00000000000000000000000000000000000000b2';
const nobody = `0x${'0'.repeat(40)}`;
const usdc = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';

/** Shares are worth 1.05 of the asset at this block, and a little more with each that follows. */
const firstBlock = 26_300_000;

export function assetsOf(shares: bigint, block: number): bigint {
  return (shares * (1_050_000_000n + BigInt(block - firstBlock))) / 1_000_000_000n;
}

export function transferOf(
  block: number,
  name: string,
  [token, symbol]: readonly [string, string],
  [from, to]: readonly [string, string],
  value: bigint,
): ChainTransfer {
  const hash = `0x${createHash('sha256').update(`transaction/${name}`).digest('hex')}`;
  return { block, hash, token, symbol, from, to, value };
}

/** A million arrives, and a quarter of it goes into a pool through its vault. */
export function usualTransfers(vault: string): ChainTransfer[] {
  return [
    transferOf(firstBlock, 'opening', [usdc, 'USDC'], [giver, emulatedWallet], 1_000_000_000_001n),
    transferOf(firstBlock + 500, 'deposit', [usdc, 'USDC'], [emulatedWallet, vault], 250_000_000_000n),
    transferOf(firstBlock + 500, 'deposit', [vault, 'vUSDC'], [nobody, emulatedWallet], 238_095_238_095n),
  ];
}

export function makeChain({
  head,
  unixOf,
  tokens,
  vaults,
  transfers: given,
}: {
  head: number;
  unixOf: (height: number) => number;
  tokens: readonly string[];
  vaults: readonly { address: string; asset: string }[];
  transfers?: readonly ChainTransfer[] | undefined;
}): Chain {
  const transfers = given ?? usualTransfers(vaults.find(({ asset }) => asset === usdc)?.address ?? nobody);
  const assets = new Map(vaults.map(({ address, asset }) => [address, asset]));
  const known = new Set([...tokens, ...assets.keys()]);
  const balanceOf = (token: string, owner: string, block: number): bigint =>
    transfers
      .filter((each) => each.token === token && each.block <= block)
      .reduce((sum, { from, to, value }) => {
        return sum + (to === owner ? value : 0n) - (from === owner ? value : 0n);
      }, 0n);

  const contractCall = (chain: Chain, to: string, data: string, block: number): string | Refusal => {
    if (!known.has(to) || chain.absent.has(to)) return '0x';
    const argument = data.slice(10);
    switch (data.slice(0, 10)) {
      case '0x70a08231':
        return word(balanceOf(to, `0x${argument.slice(24)}`, block));
      case '0x313ce567':
        return word(to === usdc || assets.get(to) === usdc ? 6n : 18n);
      case '0x07a2d13a':
        return assets.has(to) && !chain.reverting.has(to)
          ? word(assetsOf(BigInt(`0x${argument}`), block))
          : reverted;
      case '0x38d52e0f':
        return assets.has(to) && !chain.reverting.has(to) ? word(BigInt(assets.get(to)!)) : reverted;
      default:
        return reverted;
    }
  };

  const logs = (chain: Chain, filter: { fromBlock: string; toBlock: string; topics: (string | null)[] }) => {
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
    if (to - from + 1 > chain.widestLogs)
      return { error: { code: -32602, message: `ranges over ${chain.widestLogs} blocks are not supported` } };
    const [, giving, taking] = filter.topics;
    const matching = transfers.filter(
      (each) =>
        each.block >= from &&
        each.block <= to &&
        (giving == null || topicOf(each.from) === giving) &&
        (taking == null || topicOf(each.to) === taking),
    );
    return {
      result: matching.map((each) => ({
        ...{ address: each.token, topics: [transferTopic, topicOf(each.from), topicOf(each.to)] },
        ...{ data: word(each.value), blockNumber: hex(each.block), transactionHash: each.hash },
        ...{ logIndex: hex(transfers.indexOf(each)), removed: false },
      })),
    };
  };

  return {
    ...{ head, unixOf, transfers, widestLogs: 100_000 },
    ...{ reverting: new Set<string>(), absent: new Set<string>() },
    call({ id, method, params }) {
      const answer = (result: object) => ({ jsonrpc: '2.0', id, ...result });
      if (method === 'eth_getLogs') return answer(logs(this, params[0] as Parameters<typeof logs>[1]));
      const { to, data } = params[0] as { to: string; data: string };
      const block = Number(params[1]);
      if (!(block <= this.head)) return answer({ error: { code: -32000, message: 'header not found' } });
      const found = contractCall(this, to, data, block);
      return answer(typeof found === 'string' ? { result: found } : { error: found });
    },
    page(query) {
      const address = query('address').toLowerCase();
      const rows = transfers
        .filter(({ from, to }) => from === address || to === address)
        .filter(({ block }) => block >= Number(query('startblock')) && block <= Number(query('endblock')))
        .sort((a, b) => a.block - b.block)
        .slice(0, Number(query('offset')));
      if (rows.length === 0) return { status: '0', message: 'No transactions found', result: [] };
      return {
        ...{ status: '1', message: 'OK' },
        result: rows.map((each) => ({
          ...{ blockNumber: String(each.block), timeStamp: String(unixOf(each.block)), hash: each.hash },
          ...{ from: each.from, to: each.to, contractAddress: each.token, value: String(each.value) },
          ...{ tokenSymbol: each.symbol, tokenDecimal: '6' },
        })),
      };
    },
    history(address, before, limit) {
      const rows = transfers
        .filter(({ from, to }) => from === address || to === address)
        .filter(({ block }) => block <= this.head && unixOf(block) < before)
        .sort((a, b) => b.block - a.block)
        .slice(0, limit);
      return {
        operations: rows.map(({ block, hash, token, symbol, from, to, value }) => ({
          ...{
            timestamp: unixOf(block),
            transactionHash: hash,
            type: 'transfer',
            value: String(value),
            from,
            to,
          },
          tokenInfo: { address: token, symbol, decimals: '6', price: false },
        })),
      };
    },
  };
}

interface Refusal {
  code: number;
  message: string;
}
const reverted: Refusal = { code: 3, message: 'execution reverted' };
const hex = (value: number): string => `0x${value.toString(16)}`;
const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;
const topicOf = (address: string): string => `0x${address.slice(2).padStart(64, '0')}`;
