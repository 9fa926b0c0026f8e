import type { Database } from '../../database/pool.ts';
import { loadPoolSettings, parameterNames } from '../../pools/settings.ts';
import type { PoolParameters, PoolSettings } from '../../pools/settings.ts';

type Querying = Pick<Database, 'query'>;

interface Snapshot {
  parameters: Partial<PoolParameters>;
  approvedTokens: { token_symbol: string; token_address: string | null; yield_bearing?: boolean }[];
  blacklistedTokens: { token_symbol: string }[];
  approvedProtocols: { protocol_name: string }[];
}

/**
 * The settings that the run took when it began, so that editing config/pools in the middle of a run changes the next run
 * and not half of this one. Before phase prepare there are none yet: what lies in config/pools holds. It also fills in what
 * an older version did not take down.
 */
export async function settingsOfRun(
  { database, config }: { database: Querying; config: { checkout: string } },
  runId: string,
): Promise<PoolSettings> {
  const shipped = () => loadPoolSettings(config.checkout);
  const { rows } = await database.query<Snapshot>(
    `select parameters, approved_tokens_snapshot as "approvedTokens",
            blacklisted_tokens_snapshot as "blacklistedTokens", approved_protocols_snapshot as "approvedProtocols"
       from allocation_parameters where run_id = $1`,
    [runId],
  );
  const taken = rows[0];
  if (taken === undefined) return shipped();
  const older = parameterNames.some((name) => taken.parameters[name] === undefined);
  // The database orders the names in its own way, and a fingerprint hangs on their order.
  const values = { ...(older && shipped().parameters), ...taken.parameters };
  return {
    parameters: Object.fromEntries(parameterNames.map((name) => [name, values[name]])) as PoolParameters,
    approvedTokens: taken.approvedTokens.map(
      ({ token_symbol: symbol, token_address: address, yield_bearing }) => ({
        symbol,
        address,
        yieldBearing:
          yield_bearing ??
          shipped().approvedTokens.some((token) => token.symbol === symbol && token.yieldBearing),
      }),
    ),
    blacklistedTokens: taken.blacklistedTokens.map(({ token_symbol: symbol }) => symbol),
    approvedProtocols: taken.approvedProtocols.map(({ protocol_name: name }) => name),
  };
}

/** Takes them; the row of the run is replaced. */
export async function takeSettings(
  client: Querying,
  runId: string,
  { parameters, approvedTokens, blacklistedTokens, approvedProtocols }: PoolSettings,
): Promise<void> {
  await client.query(
    `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                        approved_protocols_snapshot)
     values ($1, $2, $3, $4, $5)
     on conflict (run_id) do update
        set "timestamp" = now(), parameters = excluded.parameters,
            approved_tokens_snapshot = excluded.approved_tokens_snapshot,
            blacklisted_tokens_snapshot = excluded.blacklisted_tokens_snapshot,
            approved_protocols_snapshot = excluded.approved_protocols_snapshot`,
    [
      runId,
      JSON.stringify(parameters),
      JSON.stringify(
        approvedTokens.map(({ symbol, address, yieldBearing }) => ({
          token_symbol: symbol,
          token_address: address,
          yield_bearing: yieldBearing,
        })),
      ),
      JSON.stringify(blacklistedTokens.map((symbol) => ({ token_symbol: symbol }))),
      JSON.stringify(approvedProtocols.map((name) => ({ protocol_name: name }))),
    ],
  );
}
