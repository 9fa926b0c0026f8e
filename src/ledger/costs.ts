import type { Database } from '../database/pool.ts';

/** A row of the view `batch_costs`: what a unit was expected to cost on an engine and did, over all its attempts. */
export interface UnitCost {
  unit: string;
  engine: string;
  batches: number;
  estimateUsd: number;
  actualUsd: number;
  /** Spent, or expected of batches that have not reported their cost yet. */
  committedUsd: number;
  estimateSeconds: number;
  actualSeconds: number;
  coreSeconds: number;
  gbSeconds: number;
  dcuHours: number;
  gbMonths: number;
}

export interface RunCost extends Omit<UnitCost, 'unit' | 'engine'> {
  /** US dollars; null means no limit. */
  budgetUsd: number | null;
  engines: string[];
  units: UnitCost[];
}

const sums = [
  ['estimate_usd', 'estimateUsd'],
  ['actual_usd', 'actualUsd'],
  ['committed_usd', 'committedUsd'],
  ['estimate_seconds', 'estimateSeconds'],
  ['actual_seconds', 'actualSeconds'],
  ['core_seconds', 'coreSeconds'],
  ['gb_seconds', 'gbSeconds'],
  ['dcu_hours', 'dcuHours'],
  ['gb_months', 'gbMonths'],
] as const;

/** What a run was expected to cost and did, as a whole and by unit and engine. */
export async function readRunCost(database: Database, runId: string): Promise<RunCost> {
  const columns = sums.map(([column, name]) => `${column}::double precision as "${name}"`).join(', ');
  const [costs, run] = await Promise.all([
    database.query<UnitCost>(
      `select unit, engine, batches, ${columns} from batch_costs where run_id = $1 order by unit, engine`,
      [runId],
    ),
    database.query<{ budgetUsd: number | null }>(
      'select budget_usd::double precision as "budgetUsd" from runs where run_id = $1',
      [runId],
    ),
  ]);
  const units = costs.rows;
  const total = (name: (typeof sums)[number][1] | 'batches'): number =>
    units.reduce((sum, unit) => sum + unit[name], 0);
  return {
    batches: total('batches'),
    ...(Object.fromEntries(sums.map(([, name]) => [name, total(name)])) as Omit<
      UnitCost,
      'unit' | 'engine' | 'batches'
    >),
    budgetUsd: run.rows[0]?.budgetUsd ?? null,
    engines: [...new Set(units.map(({ engine }) => engine))].sort(),
    units,
  };
}

/** US dollars that a run has spent, or must be expected to: what its budget is held against. */
export async function spentUsd(database: Database, runId: string): Promise<number> {
  const found = await database.query<{ usd: number }>(
    'select coalesce(sum(committed_usd), 0)::double precision as usd from batch_costs where run_id = $1',
    [runId],
  );
  return found.rows[0]!.usd;
}
