import type { Database } from '../../database/pool.ts';
import type { Check } from '../../ledger/checks.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Verdict } from '../../ledger/units.ts';
import type { World } from '../kind.ts';
import { lookAtDates, requestOf, readOpenDays, readWindows } from './forecasts.ts';
import type { DateState, ForecastModel, ForecastRequest } from './forecasts.ts';
import { rangesOf, rangeText, dueDates } from './planning/dates.ts';
import type { DueDate } from './planning/dates.ts';
import { sinkAt } from './sinks/index.ts';

interface Judgement {
  date: string;
  verdict: Verdict;
  rowsFound: number;
  reason: string | null;
  /** Whole, but of another world: left as it is unless the run says otherwise. */
  left: boolean;
}

/**
 * Gives every unit of a kind its verdict from the stored rows. What was skipped stays skipped; what was given up stays so
 * unless its rows turn out whole. With `freshOnly`, rows count only where this claim of the run has written them.
 */
const giveVerdicts = `
  update units u
     set verdict = case
           when j.verdict <> 'complete' and u.verdict in ('quarantined', 'failed') then u.verdict
           else j.verdict end,
         reason = case
           when j.verdict = 'complete' then null
           when u.verdict in ('quarantined', 'failed') or (u.failure_type is not null and j.reason is null) then u.reason
           else j.reason end,
         failure_type = case when j.verdict = 'complete' then null else u.failure_type end,
         tries = case when j.verdict = 'complete' then 0 else u.tries end,
         rows_found = j.rows_found,
         committed_attempt = case when j.verdict = 'complete' then u.committed_attempt end,
         detail = case when j.left_alone then '{"left": true}'::jsonb else '{}'::jsonb end,
         finished_at = clock_timestamp()
    from (select r.date, r.reason, r.rows_found, r.left_alone,
                 case when r.verdict = 'complete' and $4::timestamptz is not null and not coalesce(c.committed_at >= $4, false)
                      then 'missing' else r.verdict end as verdict
            from unnest($5::date[], $6::text[], $7::integer[], $8::text[], $9::boolean[])
                   as r (date, verdict, rows_found, reason, left_alone)
            join units c on c.run_id = $1 and c.kind = $2 and c.model_version = $3 and c.date = r.date) j
   where u.run_id = $1 and u.kind = $2 and u.model_version = $3 and u.date = j.date and u.verdict <> 'skipped'
     and (u.verdict, u.reason, u.rows_found, u.finished_at is null, coalesce((u.detail ->> 'left')::boolean, false))
           is distinct from (j.verdict, j.reason, j.rows_found::bigint, false, j.left_alone)`;

async function settle(
  database: Database,
  run: Run,
  kind: 'window' | 'date',
  model: ForecastModel,
  fresh: boolean,
  judgements: readonly Judgement[],
): Promise<void> {
  await database.query(giveVerdicts, [
    run.runId,
    kind,
    model.version,
    fresh ? run.claimedAt : null,
    judgements.map(({ date }) => date),
    judgements.map(({ verdict }) => verdict),
    judgements.map(({ rowsFound }) => rowsFound),
    judgements.map(({ reason }) => reason),
    judgements.map(({ left }) => left),
  ]);
}

/** Looks at the fitted models of a run's windows; dates whose window has none get that as their reason. */
export async function verifyWindows(database: Database, run: Run): Promise<Check[]> {
  const request = requestOf(run);
  const retrain = run.input['retrain'] === true;
  const redo = retrain || run.input['redo'] !== undefined;
  for (const model of request.models) {
    const units = await database.query<{ date: string }>(
      `select date from units where run_id = $1 and kind = 'window' and model_version = $2 and verdict <> 'skipped'`,
      [run.runId, model.version],
    );
    const windows = await readWindows(
      database,
      request,
      model,
      units.rows.map(({ date }) => date),
    );
    await settle(
      database,
      run,
      'window',
      model,
      retrain,
      windows.map((window) => judgeWindow(model, window, redo, retrain)),
    );
  }
  await blockDatesWithoutModel(database, run.runId);
  return [await countUnits(database, run, 'window', 'fitted models of the training windows')];
}

function judgeWindow(
  model: ForecastModel,
  { date, stored, sound, changed }: Awaited<ReturnType<typeof readWindows>>[number],
  redo: boolean,
  retrain: boolean,
): Judgement {
  const found = { date, rowsFound: stored ? 1 : 0, left: false };
  if (!stored) return { ...found, verdict: 'missing', reason: null };
  if (!sound && !retrain) {
    return {
      ...found,
      verdict: 'failed',
      reason: `the stored model ${model.version} of ${date} does not match its sha256: it was altered. Train it again: --retrain`,
    };
  }
  if (changed && redo) {
    return { ...found, verdict: 'missing', reason: 'the prices it was fitted on have changed' };
  }
  return { ...found, verdict: 'complete', reason: null };
}

/** A date whose window has no model cannot be forecast; its window says why. */
async function blockDatesWithoutModel(database: Database, runId: string): Promise<void> {
  await database.query(
    `update units d
        set verdict = case when w.verdict = 'skipped' then 'skipped' else 'failed' end,
            reason = case when w.verdict = 'skipped' then w.reason
                          else 'no model of ' || w.date || ': ' || coalesce(w.reason, w.verdict) end,
            finished_at = clock_timestamp()
       from units w
      where w.run_id = $1 and w.kind = 'window' and w.verdict in ('skipped', 'failed', 'quarantined')
        and d.run_id = $1 and d.kind = 'date' and d.model_version = w.model_version
        and d.training_date = w.date and d.verdict in ('missing', 'partial')`,
    [runId],
  );
}

/** Looks at every forecast date of a run in the sink. */
export async function verifyDates(world: World, run: Run): Promise<Check[]> {
  const { database, config } = world;
  const request = requestOf(run);
  const sink = sinkAt(config, request.sink);
  const openDays = await readOpenDays(database, request.commodity, request.calendar);
  const due = dueDates(openDays, request);
  const all = run.input['redo'] === 'all';
  const left = run.input['redo'] === undefined && run.input['retrain'] !== true;
  const checks: Check[] = [];
  // Right after a load nothing is known of the tables, and a guess may take a minute for what takes two seconds.
  await database.query('analyze point_forecasts, forecast_quantiles, forecast_metadata');
  for (const { version } of request.models) await sink.analyze?.(database, request.commodity, version);
  for await (const { model, dates, foreign, lost } of lookAtDates(world, request, due)) {
    await settle(
      database,
      run,
      'date',
      model,
      all,
      dates.filter(({ state }) => state !== 'extra').map((date) => judgeDate(request, date, left)),
    );
    checks.push(...remarks(model, due, dates));
    checks.push(...remarksOnTable(model, foreign, lost));
  }
  return [await countUnits(database, run, 'date', 'rows of paths that are whole by date'), ...checks];
}

function judgeDate({ paths, horizon }: ForecastRequest, seen: DateState, left: boolean): Judgement {
  const { date, state, sound, points, changed } = seen;
  const found = { date, rowsFound: sound, left: false };
  if (state === 'missing') return { ...found, verdict: 'missing', reason: null };
  if (state === 'partial') {
    const rows = `${sound} of ${paths} paths are sound (${seen.found} rows), ${points} of ${horizon} points`;
    return { ...found, verdict: 'partial', reason: rows };
  }
  if (changed) {
    const reason = 'made from other prices, another model or an older rule than today’s';
    return { ...found, verdict: 'partial', reason, left };
  }
  return { ...found, verdict: 'complete', reason: null };
}

/** What is worth knowing beside the verdicts. */
function remarks(model: ForecastModel, due: readonly DueDate[], dates: readonly DateState[]): Check[] {
  const calendar = due.map(({ date }) => date);
  const named = (days: string[], all: readonly string[]): string =>
    rangesOf(days, all).slice(0, 5).map(rangeText).join(', ') || 'none';
  const changed = dates.filter((date) => date.changed).map(({ date }) => date);
  const extra = dates.filter(({ state }) => state === 'extra').map(({ date }) => date);
  return [
    {
      name: `changed ${model.version}`,
      severity: 'warn',
      passed: changed.length === 0,
      observed: changed.length === 0 ? '0' : `${changed.length} (${named(changed, calendar)})`,
      expected: '0',
      message:
        'dates made from other prices, another model or an older rule; --redo changed makes them again',
    },
    {
      name: `extra ${model.version}`,
      severity: 'warn',
      passed: extra.length === 0,
      observed: extra.length === 0 ? '0' : `${extra.length} (${named(extra, extra)})`,
      expected: '0',
      message: 'stored forecasts of days on which none is due',
    },
  ];
}

const othersWrote = 'writes of others to the table, among its newest; every date was counted after them';
const filesAreLost =
  'files of the table that are damaged or gone; the dates in them count as missing and are made again';

/** Not wrong by itself: what others left is judged like everything else, and what is lost is made again. */
function remarksOnTable(
  { version }: ForecastModel,
  foreign: readonly string[],
  lost: readonly string[],
): Check[] {
  const remark = (name: string, found: readonly string[], message: string, shown: number): Check[] => {
    const more = found.length > shown ? `; ${found.length - shown} more` : '';
    const observed = found.slice(0, shown).join('; ') + more;
    const check = { name: `${name} ${version}`, severity: 'warn' as const, passed: false };
    return found.length === 0 ? [] : [{ ...check, observed, expected: 'none', message }];
  };
  return [...remark('others', foreign, othersWrote, 3), ...remark('damaged', lost, filesAreLost, 2)];
}

async function countUnits(
  database: Database,
  { runId }: Run,
  kind: 'window' | 'date',
  message: string,
): Promise<Check> {
  const counted = await database.query<{ due: number; found: number; open: number }>(
    `select coalesce(sum(rows_due), 0)::double precision as due,
            coalesce(sum(rows_found) filter (where verdict = 'complete'), 0)::double precision as found,
            count(*) filter (where verdict <> 'complete') as open
       from units where run_id = $1 and kind = $2 and verdict <> 'skipped'`,
    [runId, kind],
  );
  const { due, found, open } = counted.rows[0]!;
  return {
    name: 'rows',
    severity: 'block',
    passed: open === 0,
    observed: String(found),
    expected: String(due),
    message,
  };
}

/** Gives every date of an audit its verdict from what the job found when it compared the bytes. */
export async function verifyAudit(database: Database, run: Run): Promise<Check[]> {
  await database.query(
    `update units
        set verdict = case when (detail ->> 'equal')::boolean then 'complete' else 'failed' end,
            reason = case when (detail ->> 'equal')::boolean then null else detail ->> 'differs' end,
            rows_found = case when (detail ->> 'equal')::boolean then rows_due else 0 end,
            finished_at = clock_timestamp()
      where run_id = $1 and kind = 'date' and committed_attempt = attempt and attempt > 0
        and committed_at >= $2`,
    [run.runId, run.claimedAt],
  );
  return [
    await countUnits(database, run, 'date', 'stored rows whose bytes are those of today’s recomputation'),
  ];
}
