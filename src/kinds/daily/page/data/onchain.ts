/** What the page says of the chain: balances of the day against our books, and against what was proposed before. */
import type { Database } from '../../../../database/pool.ts';
import { portfolioOf } from '../../../../ledger/runs.ts';
import type { Run } from '../../../../ledger/runs.ts';
import type { Unit } from '../../../../ledger/units.ts';
import { queriesBeside } from '../../../../pages/sql.ts';
import type { OnChainDetail } from '../../onchain.ts';

const readSql = queriesBeside(new URL('..', import.meta.url).href);

export interface OnChainReport extends OnChainDetail {
  places: OnChainPlace[];
}

/** Tokens in one place: a pool, or the wallets; units of the token. */
export interface OnChainPlace {
  poolId: string | null;
  symbol: string | null;
  token: string;
  booked: number;
  moved: number;
  earned: number;
  onChain: number;
  /** By the allocation before; null where there was none. */
  proposed: number | null;
}

const sql = readSql('onchain');

export async function loadOnChain(
  database: Database,
  run: Run,
  phases: readonly Unit[],
): Promise<OnChainReport | null> {
  const detail = phases.find(({ unit }) => unit === 'filter')?.detail['onchain'] as OnChainDetail | undefined;
  if (portfolioOf(run) !== 'onchain' || detail === undefined) return null;
  const { rows } = await database.query<OnChainPlace>(sql, [run.dataset, run.date]);
  return { ...detail, places: rows };
}
