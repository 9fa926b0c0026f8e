/** The units of a run of forecasts: its training windows and its dates. */
import { inTransaction } from '../../database/pool.ts';
import type { Database } from '../../database/pool.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Day } from '../../planning/days.ts';
import type { World } from '../kind.ts';
import { requestOf } from './forecasts.ts';
import { hasHistory, historyLacks } from './planning/dates.ts';
import type { DueDate } from './planning/dates.ts';
import { sinkAt } from './sinks/index.ts';

export async function layOutWindows(
  database: Database,
  run: Run,
  due: readonly DueDate[],
  openDays: readonly Day[],
): Promise<void> {
  const dates = [...new Set(due.map(({ trainingDate }) => trainingDate))];
  for (const { version } of requestOf(run).models) {
    await layOutModel(database, run, {
      kind: 'window',
      modelVersion: version,
      units: dates.map((date) => `${version}/window/${date}`),
      dates,
      trainingDates: dates,
      rowsDue: 1,
      skipped: dates.map((date) => tooLittle(openDays, date)),
    });
  }
}

export async function layOutDates(
  { database, config }: World,
  run: Run,
  due: readonly DueDate[],
  openDays: readonly Day[],
): Promise<void> {
  const request = requestOf(run);
  const sink = sinkAt(config, request.sink);
  const skipped = new Map(due.map(({ trainingDate }) => [trainingDate, tooLittle(openDays, trainingDate)]));
  for (const { version } of request.models) {
    await layOutModel(database, run, {
      kind: 'date',
      modelVersion: version,
      units: due.map(({ date }) => `${version}/${date}`),
      dates: due.map(({ date }) => date),
      trainingDates: due.map(({ trainingDate }) => trainingDate),
      rowsDue: request.paths,
      skipped: due.map(({ trainingDate }) => skipped.get(trainingDate) ?? null),
    });
    await sink.prepare(database, request.commodity, version);
  }
  await database.query("select distributions_leaf($1, 'actuals')", [request.commodity]);
}

export interface Layout {
  kind: 'window' | 'date';
  modelVersion: string;
  units: string[];
  dates: Day[];
  trainingDates: Day[];
  rowsDue: number;
  /** Why a unit cannot be done; null where it can. */
  skipped: (string | null)[];
}

function tooLittle(openDays: readonly Day[], trainingDate: Day): string | null {
  return hasHistory(openDays, trainingDate)
    ? null
    : `too little history: ${historyLacks(openDays, trainingDate)}`;
}

/** Units that are no longer due go; those that a person skipped stay skipped. */
export async function layOutModel(database: Database, run: Run, layout: Layout): Promise<void> {
  await inTransaction(database, async (client) => {
    await client.query(
      `delete from units
        where run_id = $1 and kind = $2 and model_version = $3 and not date = any ($4::date[])`,
      [run.runId, layout.kind, layout.modelVersion, layout.dates],
    );
    await client.query(
      `insert into units (run_id, unit, kind, model_version, date, training_date, rows_due, verdict, reason)
       select $1, unit, $2, $3, date, training_date, $7,
              case when skipped is null then 'missing' else 'skipped' end, skipped
         from unnest($4::text[], $5::date[], $6::date[], $8::text[]) as l (unit, date, training_date, skipped)
       on conflict (run_id, unit) do update
          set verdict = excluded.verdict, reason = excluded.reason
        where (units.verdict = 'skipped') <> (excluded.verdict = 'skipped')
          and not coalesce((units.detail ->> 'byHand')::boolean, false)`,
      [
        run.runId,
        layout.kind,
        layout.modelVersion,
        layout.units,
        layout.dates,
        layout.trainingDates,
        layout.rowsDue,
        layout.skipped,
      ],
    );
  });
}

/** A run that is claimed again tries again what was given up before, or (`afresh`) looks at everything again. */
export async function forgetFailures(
  database: Database,
  run: Run,
  { afresh }: { afresh: boolean },
): Promise<void> {
  await database.query(
    `update units
        set verdict = 'missing', reason = null, failure_type = null, tries = 0, chunk = null, committed_attempt = null
      where run_id = $1 and kind in ('window', 'date') and coalesce(finished_at, '-infinity') < $2
        and (verdict in ('failed', 'quarantined') or failure_type is not null or $3)`,
    [run.runId, run.claimedAt, afresh],
  );
}
