/** Everything that a page about forecasts shows, read by SQL that counts where the rows are: no table is fetched. */
import type { Database } from '../../../database/pool.ts';
import { readFallbacks } from '../../../ledger/batch-record.ts';
import { readChecks } from '../../../ledger/checks.ts';
import { readRun } from '../../../ledger/runs.ts';
import type { Run } from '../../../ledger/runs.ts';
import { readBatchTroubles, readJobCosts } from '../../../pages/batches.ts';
import { queriesBeside } from '../../../pages/sql.ts';
import type { Day } from '../../../planning/days.ts';
import { defaults } from '../input.ts';
import type {
  BackfillOptions,
  BackfillReport,
  ModelTotals,
  OpenRange,
  WindowTotals,
  BatchBar,
  StageSeconds,
  Commodity,
  ReportedPhase,
  CalendarCells,
  CalendarCell,
  Score,
  EvaluationRow,
  FanDate,
  FanReason,
} from './content.ts';

const readSql = queriesBeside(import.meta.url);

const sql = {
  totals: readSql('totals'),
  cells: readSql('cells'),
  ranges: readSql('ranges'),
  scores: readSql('scores'),
  evaluation: readSql('evaluation'),
  fanDates: readSql('fan-dates'),
  fans: readSql('fans'),
  windows: readSql('windows'),
  batches: readSql('batches'),
  stages: readSql('stages'),
};

/** More stretches than this make a page too large; then a cell is more than a day. */
const mostCells = 1_600;
const mostRanges = 300;
const mostBars = 300;
/** Periods of a line over time: more would run together. */
const mostMonths = 240;

/** Reads a backfill by its run's id; only reads. A training or an audit has less to show and fills less of it. */
export async function loadBackfillReport(database: Database, runId: string): Promise<BackfillReport> {
  const run = await readRun(database, runId);
  const options = optionsOf(run);
  const { commodity: key, models: asked } = options;
  const [
    totals,
    calendar,
    ranges,
    windows,
    batches,
    troubles,
    cost,
    fallbacks,
    stages,
    phases,
    checks,
    known,
  ] = await Promise.all([
    database.query<ModelTotals>(sql.totals, [runId, options.paths]),
    readCalendar(database, runId, options.paths),
    database.query<OpenRange & { ranges: number }>(sql.ranges, [runId, options.paths, mostRanges]),
    database.query<WindowTotals>(sql.windows, [runId, key, options.trainFrequency]),
    database.query<BatchBar>(sql.batches, [runId, mostBars]),
    readBatchTroubles(database, runId),
    readJobCosts(database, runId),
    readFallbacks(database, runId),
    database.query<StageSeconds>(sql.stages, [runId]),
    readPhases(database, runId),
    readChecks(database, runId),
    database.query<Commodity>(
      `select commodity as key, name, unit, is_synthetic as synthetic, source from commodities where commodity = $1`,
      [key],
    ),
  ]);
  const inOrder = <Row extends { modelVersion: string }>(rows: Row[]): Row[] =>
    [...rows].sort(
      (a, b) =>
        asked.indexOf(modelKey(a.modelVersion)) - asked.indexOf(modelKey(b.modelVersion)) ||
        (a.modelVersion < b.modelVersion ? -1 : 1),
    );
  const ordered = inOrder(totals.rows);
  const models = ordered.map(({ modelVersion }) => modelVersion);
  const forecasts = await readForecasts(database, key, models, ordered, options);
  return {
    run,
    phases,
    checks,
    commodity: known.rows[0] ?? { key, name: key, unit: '', synthetic: false, source: '' },
    options,
    models,
    totals: ordered,
    calendar,
    open: { ranges: ranges.rows, all: ranges.rows[0]?.ranges ?? 0 },
    ...forecasts,
    windows: inOrder(windows.rows),
    batches: batches.rows,
    troubles: { rows: troubles, all: troubles[0]?.all ?? 0 },
    cost,
    fallbacks,
    stages: stages.rows,
  };
}

/** A model version without the digits of its options. */
export function modelKey(modelVersion: string): string {
  return modelVersion.split('@')[0]!;
}

async function readPhases(database: Database, runId: string): Promise<ReportedPhase[]> {
  const phases = await database.query<ReportedPhase>(
    `select unit, verdict, reason, started_at as "startedAt" from units
      where run_id = $1 and kind not in ('date', 'window') order by position, unit`,
    [runId],
  );
  return phases.rows;
}

/** As fine as it can be shown. */
async function readCalendar(database: Database, runId: string, paths: number): Promise<CalendarCells> {
  for (const granularity of ['day', 'week', 'month', 'quarter', 'year'] as const) {
    const { rows } = await database.query<CalendarCell>(sql.cells, [
      runId,
      granularity,
      paths,
      mostCells + 1,
    ]);
    if (rows.length <= mostCells || granularity === 'year') return { granularity, cells: rows };
  }
  throw new Error('a calendar has years at the coarsest');
}

/** The forecasts of the run's dates, whoever made them: a run that found them whole shows them too. */
async function readForecasts(
  database: Database,
  commodity: string,
  models: string[],
  totals: ModelTotals[],
  options: BackfillOptions,
): Promise<Pick<BackfillReport, 'scores' | 'evaluation' | 'fans'>> {
  const first = totals.map((each) => each.first).sort()[0];
  const last = totals
    .map((each) => each.last)
    .sort()
    .at(-1);
  if (first === undefined || last === undefined) {
    return { scores: { all: [], byDay: [], byPeriod: [], period: 'month' }, evaluation: [], fans: [] };
  }
  const months = (Number(last.slice(0, 4)) - Number(first.slice(0, 4)) + 1) * 12;
  const period = months <= mostMonths ? 'month' : months <= 3 * mostMonths ? 'quarter' : 'year';
  const of = [commodity, models, first, last];
  const [scores, evaluation, fans] = await Promise.all([
    database.query<Score>(sql.scores, [...of, period]),
    database.query<EvaluationRow & { rank: number }>(sql.evaluation, [
      commodity,
      models,
      options.start ?? first,
      options.end ?? last,
    ]),
    readFans(database, of as [string, string[], Day, Day]),
  ]);
  const inOrder = (rows: Score[]) =>
    rows
      .map((row) => ({ ...row, reached: row.reached.map((closes) => closes / row.known) }))
      .sort((a, b) => models.indexOf(a.modelVersion) - models.indexOf(b.modelVersion));
  return {
    scores: {
      all: inOrder(scores.rows.filter((row) => row.dayAhead === null && row.period === null)),
      byDay: inOrder(scores.rows.filter((row) => row.dayAhead !== null)),
      byPeriod: inOrder(scores.rows.filter((row) => row.period !== null)),
      period,
    },
    evaluation: evaluation.rows,
    fans,
  };
}

async function readFans(
  database: Database,
  [commodity, models, first, last]: [string, string[], Day, Day],
): Promise<FanDate[]> {
  const chosen = await database.query<{ role: FanReason['role']; date: Day | null } & FanReason>(
    sql.fanDates,
    [commodity, models, first, last],
  );
  const dates = new Map<Day, FanReason[]>();
  for (const { date, role, figure, ratio } of chosen.rows) {
    if (date !== null) dates.set(date, [...(dates.get(date) ?? []), { role, figure, ratio }]);
  }
  if (dates.size === 0) return [];
  const { rows } = await database.query<{
    origin: Day;
    modelVersion: string | null;
    date: Day;
    close: number | null;
    actual: number | null;
    quantiles: number[] | null;
  }>(sql.fans, [commodity, models, [...dates.keys()]]);
  return [...dates]
    .map(([date, why]) => {
      const mine = rows.filter(({ origin }) => origin === date);
      return {
        date,
        why,
        history: mine.flatMap((row) => (row.close === null ? [] : [{ date: row.date, close: row.close }])),
        fans: models.flatMap((modelVersion) => {
          const days = mine.flatMap((row) =>
            row.modelVersion === modelVersion && row.quantiles !== null
              ? [{ date: row.date, quantiles: row.quantiles, actual: row.actual }]
              : [],
          );
          return days.length === 0 ? [] : [{ modelVersion, days }];
        }),
      };
    })
    .sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** Shown in this order; whatever else was asked for comes after. */
const shownFirst = ['trainFrequency', 'calendar', 'paths', 'horizon', 'seed', 'draw'];
const shownElsewhere = new Set(['commodity', 'models', 'start', 'end']);

/** What was asked for, and what the run made of it when it was opened (`run.request`), which counts. */
function optionsOf(run: Run): BackfillOptions {
  const whole: Record<string, unknown> = { ...defaults, ...run.input, ...run.request };
  const day = (value: unknown): Day | null =>
    typeof value === 'string' && value !== 'yesterday' ? value : null;
  const names = [
    ...shownFirst,
    ...Object.keys(whole)
      .filter((name) => !shownFirst.includes(name) && !shownElsewhere.has(name))
      .sort(),
  ];
  const models = (whole['models'] ?? []) as (string | { key: string })[];
  return {
    commodity: textOf(whole['commodity']).toUpperCase(),
    models: models.map((model) => (typeof model === 'string' ? model : model.key)),
    start: day(whole['start']),
    end: day(whole['end']),
    trainFrequency: textOf(whole['trainFrequency']),
    paths: Number(whole['paths']),
    horizon: Number(whole['horizon']),
    all: names.flatMap((name): [string, string][] => {
      const value = whole[name];
      return value === undefined || value === null ? [] : [[name, textOf(value)]];
    }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
