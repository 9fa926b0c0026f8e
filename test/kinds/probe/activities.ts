import type { Dependencies } from '../../../src/activities/dependencies.ts';
import { engineOf } from '../../../src/activities/engine-of-run.ts';
import { claimRun } from '../../../src/ledger/runs.ts';
import type { Claimant } from '../../../src/ledger/runs.ts';
import { layOutUnits } from '../../../src/ledger/units.ts';
import { isOpenInTemporal } from '../../../src/open-in-temporal.ts';
import { probePhases } from './input.ts';
import type { ProbeInput } from './input.ts';

/** Claims a run and lays out its samples. Safe to repeat: the holder claims what it already holds. */
export async function openProbe(
  deps: Dependencies,
  { input, ...claimant }: Claimant & { input: ProbeInput; priority: number },
): Promise<{ runId: string; engine: string }> {
  const engine = await engineOf(deps, {});
  const run = await claimRun(
    deps.database,
    {
      ...claimant,
      key: `probe/${input.place}`,
      kind: 'probeRun',
      dataset: `probe/${input.place}`,
      date: null,
      engine,
      input: { ...input },
      request: input,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(deps.database, run.runId, probePhases);
  await deps.database.query(
    `insert into units (run_id, unit, kind, model_version, position, rows_due)
     select $1, 'sample ' || n, 'sample', 'probe', n, 1 from generate_series(1, $2::integer) n
     on conflict (run_id, unit) do update set verdict = 'missing', reason = null, failure_type = null, tries = 0
       where units.verdict in ('failed', 'quarantined')`,
    [run.runId, input.samples],
  );
  return { runId: run.runId, engine };
}
