import { address, count, isLoopback, matching, onOff, refuse, text } from '../environment-values.ts';
import type { Environment } from '../environment-values.ts';
import { Failure } from '../failures.ts';
import { dayAllowed, isDay } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';
import { parseAddress } from '../pools/portfolio/onchain/calls.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import { isMistyped, wellTyped } from '../pools/portfolio/onchain/checksum.ts';

/** Where the live sources are, and how they are asked. Keys are secrets: they are in no log, history or argument list. */
export interface SourceSettings {
  llamaYields: URL;
  llamaCoins: URL;
  coinbase: URL;
  kraken: URL;
  /** Nodes of Ethereum; the second is asked where the first fails. */
  nodes: URL[];
  nyfed: URL;
  treasury: URL;
  pendle: URL;
  coinmarketcap: URL;
  coinmarketcapKey: string | undefined;
  fred: URL;
  etherscan: URL;
  etherscanKey: string | undefined;
  ethplorer: URL;
  /** Asked for transfers where there is no key of Etherscan. */
  ethplorerKey: string | undefined;
  /** Whose holdings an on-chain portfolio is. */
  wallets: readonly Address[];
  /** Only where a key is set and FRED was switched on: its terms forbid storing. */
  fredKey: string | undefined;
  /** A mail address or page in the user agent, so that a provider can say what is wrong. */
  contact: string | undefined;
  /** Requests that one host gets in a minute, at most. */
  perMinute: number;
  proxy: { http: string | undefined; https: string | undefined; none: string | undefined };
  /** Tests only: what counts as today, where every source is on this machine. */
  today: Day | undefined;
}

const keyForm = /^[\x21-\x7e]{1,200}$/;

/** Reads what concerns the live sources; throws `InvalidInput` with the variable's name. */
export function readSourceSettings(env: Environment): SourceSettings {
  const base = (name: string, usual: string): URL => address(env, name) ?? new URL(usual);
  const settings = {
    llamaYields: base('SEVENFOLD_LLAMA_YIELDS_URL', 'https://yields.llama.fi'),
    llamaCoins: base('SEVENFOLD_LLAMA_COINS_URL', 'https://coins.llama.fi'),
    coinbase: base('SEVENFOLD_COINBASE_URL', 'https://api.exchange.coinbase.com'),
    kraken: base('SEVENFOLD_KRAKEN_URL', 'https://api.kraken.com'),
    nodes: nodes(env),
    nyfed: base('SEVENFOLD_NYFED_URL', 'https://markets.newyorkfed.org'),
    treasury: base('SEVENFOLD_TREASURY_URL', 'https://home.treasury.gov'),
    pendle: base('SEVENFOLD_PENDLE_URL', 'https://api-v2.pendle.finance/core'),
    coinmarketcap: base('SEVENFOLD_COINMARKETCAP_URL', 'https://pro-api.coinmarketcap.com'),
    coinmarketcapKey: secret(env, 'COINMARKETCAP_API_KEY'),
    fred: base('SEVENFOLD_FRED_URL', 'https://api.stlouisfed.org'),
    etherscan: base('SEVENFOLD_ETHERSCAN_URL', 'https://api.etherscan.io/v2/api'),
    etherscanKey: secret(env, 'ETHERSCAN_API_KEY'),
    ethplorer: base('SEVENFOLD_ETHPLORER_URL', 'https://api.ethplorer.io'),
    ethplorerKey: secret(env, 'ETHPLORER_API_KEY'),
    wallets: wallets(env),
    fredKey: onOff(env, 'SEVENFOLD_FRED', false) ? requiredFredKey(env) : undefined,
    contact: matching(
      env,
      'SEVENFOLD_CONTACT',
      /^[\x21-\x7e]{3,200}$/,
      'a mail address or the address of a page',
    ),
    perMinute: count(env, 'SEVENFOLD_REQUESTS_PER_MINUTE', 300, 1, 99_999),
    proxy: {
      http: proxy(env, 'HTTP_PROXY'),
      https: proxy(env, 'HTTPS_PROXY'),
      none: text(env, 'no_proxy') ?? text(env, 'NO_PROXY'),
    },
  };
  return { ...settings, today: today(env, settings) };
}

/** Every base address, by the variable's own short name: what `doctor` asks and what a test clock looks at. */
export function basesOf(settings: Omit<SourceSettings, 'today'>): URL[] {
  const { llamaYields, llamaCoins, coinbase, kraken, nodes, nyfed, treasury, pendle } = settings;
  const { coinmarketcap, fred, etherscan, ethplorer } = settings;
  const { coinmarketcapKey, fredKey, etherscanKey, ethplorerKey } = settings;
  return [
    ...[llamaYields, llamaCoins, coinbase, kraken, ...nodes, nyfed, treasury, pendle],
    ...(coinmarketcapKey === undefined ? [] : [coinmarketcap]),
    ...(fredKey === undefined ? [] : [fred]),
    ...(etherscanKey === undefined ? [] : [etherscan]),
    ...(ethplorerKey === undefined ? [] : [ethplorer]),
  ];
}

function nodes(env: Environment): URL[] {
  const name = 'SEVENFOLD_ETHEREUM_NODES';
  const listed = text(env, name) ?? 'https://ethereum-rpc.publicnode.com,https://eth.drpc.org';
  return listed
    .split(',')
    .map(
      (each) => address({ [name]: each }, name) ?? refuse(name, listed, 'http addresses, separated by ","'),
    );
}

/** Each once, in the order given. */
function wallets(env: Environment): Address[] {
  const name = 'SEVENFOLD_WALLETS';
  const listed = text(env, name);
  if (listed === undefined) return [];
  const read = listed.split(',').map((each) => {
    const value = each.trim();
    const found =
      parseAddress(value) ??
      refuse(name, value.slice(0, 60), 'addresses of 0x and 40 hexadecimal digits, separated by ","');
    return isMistyped(value) ? refuse(name, value, wellTyped) : found;
  });
  return [...new Set(read)];
}

/** A key is never repeated in a message. */
function secret(env: Environment, name: string): string | undefined {
  const value = text(env, name);
  if (value === undefined || keyForm.test(value)) return value;
  throw new Failure(
    'InvalidInput',
    `${name} is not a key: it must be up to 200 visible characters without blanks.`,
  );
}

function requiredFredKey(env: Environment): string {
  const key = secret(env, 'FRED_API_KEY');
  if (key !== undefined) return key;
  throw new Failure(
    'InvalidInput',
    'SEVENFOLD_FRED is on, but FRED_API_KEY is not set: set it, or switch FRED off.',
  );
}

/** By the name that programs of all kinds read, in either case. */
function proxy(env: Environment, name: string): string | undefined {
  const found = env[name.toLowerCase()]?.trim() ? { [name]: env[name.toLowerCase()] } : env;
  const value = text(found, name);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return value;
  // It may hold a password.
  throw new Failure('InvalidInput', `${name} is not an http address such as http://proxy:3128.`);
}

/** The day of the providers' and our clocks, in UTC. */
export function todayOf({ today }: Pick<SourceSettings, 'today'>): Day {
  return today ?? new Date().toISOString().slice(0, 10);
}

function today(env: Environment, settings: Omit<SourceSettings, 'today'>): Day | undefined {
  const value = text(env, 'SEVENFOLD_LIVE_TODAY');
  if (value === undefined) return undefined;
  if (!isDay(value)) return refuse('SEVENFOLD_LIVE_TODAY', value, dayAllowed);
  const far = basesOf(settings).find(({ hostname }) => !isLoopback(hostname));
  if (far === undefined) return value;
  throw new Failure(
    'InvalidInput',
    `SEVENFOLD_LIVE_TODAY is for tests: every source must be on this machine, and ${far.host} is not.`,
  );
}
