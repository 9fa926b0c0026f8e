import { objectOf, readJson, refuse } from '../settings-files.ts';
import { isMistyped, wellTyped } from './portfolio/onchain/checksum.ts';

/** A number or a flag, and what it may be. */
interface Kind<T> {
  allowed: string;
  accepts: (value: unknown) => value is T;
}

const numberKind = (allowed: string, within: (value: number) => boolean): Kind<number> => ({
  allowed,
  accepts: (value): value is number => typeof value === 'number' && Number.isFinite(value) && within(value),
});

const fraction = numberKind('a fraction from 0 to 1', (value) => value >= 0 && value <= 1);
const share = numberKind('a share of at least 0 (1 is 100 %)', (value) => value >= 0);
const factor = numberKind('a factor of at least 1', (value) => value >= 1);
const dollars = numberKind('an amount in dollars of at least 0', (value) => value >= 0);
const gwei = numberKind('a number of gwei of at least 0', (value) => value >= 0);
// Two tries of this length must fit into the ten minutes of an activity.
const seconds = numberKind('a number of seconds above 0, at most 240', (value) => value > 0 && value <= 240);
const count = numberKind('a whole number of at least 0', (value) => Number.isInteger(value) && value >= 0);
const days = numberKind(
  'a whole number of days, at least 1',
  (value) => Number.isInteger(value) && value >= 1,
);
const flag: Kind<boolean> = {
  allowed: 'true or false',
  accepts: (value): value is boolean => typeof value === 'boolean',
};

/** Every parameter there is; names as in the files, the ledger and the pages. */
const parameterKinds = {
  /** Largest share of a pool's TVL that may be ours. */
  tvl_limit_percentage: fraction,
  /** Largest share of all assets in one pool. */
  max_alloc_percentage: fraction,
  /** Cost of a conversion, as a share of what is converted. */
  conversion_rate: fraction,
  /** Pools to spread over, where that is worth min_pools_penalty_pct. */
  min_pools: count,
  /** What each pool short of min_pools counts for, as a share of all assets: more is paid for spreading by nobody. */
  min_pools_penalty_pct: fraction,
  /** Smallest position that is opened, in dollars ... */
  min_position_usd: dollars,
  /** ... and as a share of all assets; the larger of the two holds. */
  min_position_pct: fraction,
  /** On record only. */
  profit_optimization: flag,
  /** On record only. */
  token_marketcap_limit: dollars,
  /** Pools smaller than this are not used. */
  pool_tvl_limit: dollars,
  /** Pools that are forecast less than this a year are not used (0.01 is 1 percent point). */
  pool_apy_limit: fraction,
  /** An APY beyond this, forecast or observed, is taken for an error of the source (1 is 100 % a year) ... */
  pool_apy_max: share,
  /** ... and so is one beyond so many times the pool's usual APY, the median of 30 days, ... */
  pool_apy_jump_times: factor,
  /** ... if it is beyond this as well: from 0.5 % to 6 % is no jump to speak of. */
  pool_apy_jump_floor: share,
  /** Whether the books take such an APY all the same, instead of the pool's usual one. */
  pool_apy_book_implausible: flag,
  /** On record only. */
  pool_pair_tvl_ratio_min: fraction,
  /** On record only. */
  pool_pair_tvl_ratio_max: fraction,
  /** Largest share of all assets in pools of group 1, calm ... */
  group1_max_pct: fraction,
  /** ... of group 2, moderate ... */
  group2_max_pct: fraction,
  /** ... and of group 3, volatile, together with those of which nothing is known. */
  group3_max_pct: fraction,
  /** A second limit like max_alloc_percentage; the smaller holds. */
  position_max_pct_total_assets: fraction,
  /** A second limit like tvl_limit_percentage; the smaller holds. */
  position_max_pct_pool_tvl: fraction,
  /** Group 1, calm: change of the APY in a day (0.01 is 1 percent point). */
  group1_apy_delta_max: fraction,
  /** Group 1: standard deviation of the APY over 7 days. */
  group1_7d_stddev_max: fraction,
  /** Group 1: standard deviation of the APY over 30 days. */
  group1_30d_stddev_max: fraction,
  /** Group 2, moderate; the same three. */
  group2_apy_delta_max: fraction,
  group2_7d_stddev_max: fraction,
  group2_30d_stddev_max: fraction,
  /** Read by parity grouping alone: by the corrected rule, group 3 is what lies beyond group 2. */
  group3_apy_delta_min: fraction,
  /** Read by parity grouping alone. */
  group3_7d_stddev_min: fraction,
  /** Read by parity grouping alone. */
  group3_30d_stddev_min: fraction,
  /** Rule L: how far the low must fall below the reference ... */
  icebox_ohlc_l_threshold_pct: fraction,
  /** ... and on how many days in a row. */
  icebox_ohlc_l_days_threshold: days,
  /** Rule C: the same for the close. */
  icebox_ohlc_c_threshold_pct: fraction,
  icebox_ohlc_c_days_threshold: days,
  /** Days in a row that the low must hold rule L's limit before the token leaves the icebox. */
  icebox_recovery_l_days_threshold: days,
  /** Days in a row that the close must hold rule C's limit. */
  icebox_recovery_c_days_threshold: days,
  /** Whether tokens in the icebox may be exchanged for others: at the bottom, that is. */
  icebox_convert: flag,
  /** Days over which a move must earn back its cost. */
  optimization_horizon_days: days,
  /**
   * Gas of a deposit into a pool: 150,000 to 400,000 on Ethereum, by the pool (the 21,000 of a plain transfer of ether
   * would be a tenth of the truth).
   */
  gas_units_deposit: count,
  gas_units_withdrawal: count,
  /** Gas of a swap of one token into another on an exchange. */
  gas_units_conversion: count,
  /** What is paid on top of the base fee, so that a block takes the transaction soon. */
  gas_priority_fee_gwei: gwei,
  /** The allocation is what was found by then, and says so. */
  solver_time_limit_seconds: seconds,
};

type ParameterName = keyof typeof parameterKinds;

/** In the order of the shipped file, which is that of every fingerprint. */
export const parameterNames = Object.keys(parameterKinds) as ParameterName[];

export type PoolParameters = {
  [Name in ParameterName]: (typeof parameterKinds)[Name] extends Kind<infer Value> ? Value : never;
};

export interface ApprovedToken {
  symbol: string;
  /** On Ethereum; null for a token that is not on it. */
  address: string | null;
  /** Its price grows with its interest instead of standing at 1.00. */
  yieldBearing: boolean;
}

/** What the pool pipeline works with: shipped in config/pools, taken into the ledger at the start of each run. */
export interface PoolSettings {
  parameters: PoolParameters;
  approvedTokens: ApprovedToken[];
  blacklistedTokens: string[];
  approvedProtocols: string[];
}

/** Pairs that must not be the other way round. */
const ascending: readonly [ParameterName, ParameterName][] = [
  ['group1_apy_delta_max', 'group2_apy_delta_max'],
  ['group1_7d_stddev_max', 'group2_7d_stddev_max'],
  ['group1_30d_stddev_max', 'group2_30d_stddev_max'],
  ['pool_pair_tvl_ratio_min', 'pool_pair_tvl_ratio_max'],
];

/** Limits that leave no position possible between them, each with what is wrong. */
function contradiction(parameters: PoolParameters): [ParameterName, string] | undefined {
  const { min_position_pct: smallest, min_pools: pools } = parameters;
  for (const name of ['max_alloc_percentage', 'position_max_pct_total_assets'] as const) {
    if (smallest > parameters[name])
      return [
        'min_position_pct',
        `at most ${name}, which is ${parameters[name]}: no position could be opened`,
      ];
  }
  const { group1_max_pct: calm, group2_max_pct: moderate, group3_max_pct: volatile } = parameters;
  const room = Math.min(1, calm + moderate + volatile);
  if (smallest * pools > room + 1e-12) {
    const all = `${pools} pools (min_pools) of at least ${smallest} of all assets each (min_position_pct)`;
    return ['min_pools', `smaller: ${all} are more than the ${room} that the groups may hold together`];
  }
  return undefined;
}

const parametersFile = 'config/pools/parameters.json';
const listsFile = 'config/pools/lists.json';

/** Reads and checks the settings of the checkout; throws `InvalidInput` with file, name, value and what is allowed. */
export function loadPoolSettings(checkout: string): PoolSettings {
  return {
    parameters: readParameters(readJson(checkout, parametersFile)),
    ...readLists(readJson(checkout, listsFile)),
  };
}

/** Checks the parameters; `raw` is the parsed file. */
export function readParameters(raw: unknown): PoolParameters {
  const given = objectOf(parametersFile, raw, Object.keys(parameterKinds));
  for (const [name, kind] of Object.entries<Kind<unknown>>(parameterKinds)) {
    if (!kind.accepts(given[name])) refuse(parametersFile, name, given[name], kind.allowed);
  }
  const parameters = given as PoolParameters;
  for (const [lower, upper] of ascending) {
    if (parameters[lower] > parameters[upper]) {
      refuse(parametersFile, lower, parameters[lower], `at most ${upper}, which is ${parameters[upper]}`);
    }
  }
  const contradicts = contradiction(parameters);
  if (contradicts) refuse(parametersFile, contradicts[0], parameters[contradicts[0]], contradicts[1]);
  return parameters;
}

/** Checks the lists; `raw` is the parsed file. */
export function readLists(raw: unknown): Omit<PoolSettings, 'parameters'> {
  const lists = objectOf(listsFile, raw, ['approved_tokens', 'blacklisted_tokens', 'approved_protocols']);
  const approvedTokens = listOf(lists, 'approved_tokens').map(readToken);
  const blacklistedTokens = listOf(lists, 'blacklisted_tokens').map((symbol, i) =>
    textOf(`blacklisted_tokens[${i}]`, symbol),
  );
  const approvedProtocols = listOf(lists, 'approved_protocols').map((protocol, i) =>
    textOf(`approved_protocols[${i}]`, protocol),
  );
  const symbols = approvedTokens.map((token) => token.symbol);
  refuseTwins('approved_tokens', symbols);
  refuseTwins(
    'approved_tokens',
    approvedTokens.flatMap((token) => token.address ?? []),
  );
  refuseTwins('blacklisted_tokens', blacklistedTokens);
  refuseTwins('approved_protocols', approvedProtocols);
  const blacklisted = new Set(blacklistedTokens.map((symbol) => symbol.toLowerCase()));
  const both = symbols.find((symbol) => blacklisted.has(symbol.toLowerCase()));
  if (both !== undefined)
    refuse(listsFile, 'blacklisted_tokens', both, 'a token that is not approved as well');
  return { approvedTokens, blacklistedTokens, approvedProtocols };
}

function readToken(raw: unknown, index: number): ApprovedToken {
  const name = `approved_tokens[${index}]`;
  const token = objectOf(listsFile, raw, ['symbol', 'address', 'yield_bearing'], name);
  const { address, yield_bearing: yieldBearing = false } = token;
  if (address !== null && !(typeof address === 'string' && /^0x[0-9a-f]{40}$/i.test(address))) {
    refuse(listsFile, `${name}.address`, address, 'an Ethereum address (0x and 40 hex digits) or null');
  }
  if (address !== null && isMistyped(address)) refuse(listsFile, `${name}.address`, address, wellTyped);
  if (typeof yieldBearing !== 'boolean')
    refuse(listsFile, `${name}.yield_bearing`, yieldBearing, flag.allowed);
  return { symbol: textOf(`${name}.symbol`, token['symbol']), address, yieldBearing };
}

function listOf(lists: Record<string, unknown>, name: string): unknown[] {
  const list = lists[name];
  if (!Array.isArray(list)) refuse(listsFile, name, list, 'a list');
  return list as unknown[];
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() !== value || value === '') {
    refuse(listsFile, name, value, 'a name without blanks around it');
  }
  return value;
}

function refuseTwins(name: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    const key = value.toLowerCase();
    if (seen.has(key)) refuse(listsFile, name, value, 'named once');
    seen.add(key);
  }
}
