import { join, relative } from 'node:path';
import type { Config } from '../config.ts';
import { isSampleKey } from '../planning/daily-input.ts';
import { readStack } from '../stack/record.ts';
import type { Database } from '../database/pool.ts';
import type { Run, RunStatus } from '../ledger/runs.ts';
import { countsOf } from '../ledger/counts.ts';
import { readSelection } from '../ledger/cv.ts';
import type { CommandContext } from './context.ts';
import { count, seconds } from './output.ts';
import type { Session } from './session.ts';
import type { StartedRun } from './start-run.ts';

/** How a run ended: for programs, and in lines for a person. */
export interface EndedRun {
  record: {
    workflowId: string;
    runId: string;
    workflowRunId: string;
    key: string;
    status: RunStatus;
    alreadyComplete: boolean;
    statement: string | null;
    counts: Record<string, number>;
    report: string | null;
  };
  lines: string[];
}

export async function describeRun(
  { config }: CommandContext,
  session: Session,
  { run, alreadyComplete }: StartedRun,
): Promise<EndedRun> {
  const counts = await countsOf(session.database, run);
  const report = run.report === null ? null : join(config.stateFolder, run.report);
  const record = {
    workflowId: run.workflowId,
    runId: run.runId,
    workflowRunId: run.workflowRunId,
    key: run.key,
    status: run.status,
    alreadyComplete,
    statement: run.statement,
    counts,
    report,
  };
  if (run.status !== 'complete') return { record, lines: [run.statement ?? `${run.key} is ${run.status}.`] };
  const isSample = isSampleKey(run.dataset) || run.dataset === 'prices/SAMPLE';
  const sample = isSample ? ' · SAMPLE DATA' : ` · ${run.dataset}`;
  const took = alreadyComplete
    ? 'complete already, nothing to do'
    : `complete in ${seconds(run.claimedAt, run.finishedAt ?? new Date())}`;
  const what = run.kind === 'dailyPipeline' ? `daily ${run.date}` : run.key;
  const figures = await figuresOf(session.database, run, counts);
  const remarks = run.kind === 'dailyPipeline' ? await remarksOf(session.database, run) : [];
  return {
    record,
    lines: [
      `${what}${sample} · ${took}`,
      [
        ...figures,
        ...(report === null ? [] : [`report ${relative(process.cwd(), report)}`]),
        ...temporalUi(config),
      ].join(' · '),
      ...remarks,
    ],
  };
}

/** Of these the page has all. */
const remarksShown = 5;

/** What looked odd in the source, and the rows that it no longer has. */
async function remarksOf(database: Database, { runId }: Run): Promise<string[]> {
  const { rows } = await database.query<{ remarks: string[] | null }>(
    `select detail -> 'warnings' as remarks from units where run_id = $1 and unit = 'ingest'`,
    [runId],
  );
  const remarks = rows[0]?.remarks ?? [];
  const more = remarks.length - remarksShown;
  return [
    ...remarks.slice(0, remarksShown).map((remark) => `! ${remark}`),
    ...(more > 0 ? [`! and ${count(more)} more on the page`] : []),
  ];
}

async function figuresOf(database: Database, run: Run, counts: Record<string, number>): Promise<string[]> {
  const of = (found: string, due: string): string =>
    `${count(counts[found] ?? 0)} of ${count(counts[due] ?? 0)}`;
  switch (run.kind) {
    case 'dailyPipeline':
      return [
        `${of('poolsPassed', 'pools')} pools passed`,
        `${count(counts['poolsForecast'] ?? 0)} forecast`,
        await allocationInWords(database, run),
      ];
    case 'evaluatePools':
      return [`${count(counts['days'] ?? 0)} days evaluated`];
    case 'forecastBackfill': {
      const skipped = counts['skipped'] ?? 0;
      return [
        `${of('rows', 'rowsDue')} rows`,
        `${of('points', 'pointsDue')} points`,
        ...(skipped > 0 ? [`${count(skipped)} dates skipped`] : []),
      ];
    }
    case 'trainForecastModels':
      return [`${of('windowsComplete', 'windows')} models`];
    case 'crossValidation':
      return [
        `${of('complete', 'fits')} fits`,
        (await readSelection(database, run.runId))?.reason ?? 'nothing chosen',
      ];
    case 'auditForecasts':
      return [`${of('complete', 'dates')} dates have the bytes they should have`];
    default:
      return run.statement === null ? [] : [run.statement];
  }
}

/** Says how a run ended: one JSON object, or the lines a person wants. Sets the exit code. */
export async function finishRun(
  context: CommandContext,
  session: Session,
  ended: StartedRun,
  json: boolean,
): Promise<void> {
  const { record, lines } = await describeRun(context, session, ended);
  if (record.status !== 'complete') process.exitCode = 1;
  if (json) context.out.json(record);
  else for (const line of lines) context.out.line(line);
}

async function allocationInWords(database: Database, run: Run): Promise<string> {
  const { rows } = await database.query<{
    status: string;
    held: number;
    value: number;
    boxed: number;
    tokens: string[];
  }>(
    `select a.status, a.pools_held as held, a.value_after_usd::double precision as value,
            coalesce(sum(p.amount * p.price_usd), 0)::double precision as boxed,
            coalesce(array_agg(distinct p.token_symbol) filter (where p.token_symbol is not null), '{}') as tokens
       from allocations a
       left join (allocation_positions p join icebox_tokens i using (dataset, date, token_symbol))
              on (p.dataset, p.portfolio, p.date) = (a.dataset, a.portfolio, a.date)
      where a.run_id = $1
      group by a.dataset, a.portfolio, a.date`,
    [run.runId],
  );
  const allocation = rows[0];
  if (allocation === undefined) return 'no allocation';
  const found = `allocation ${allocation.status}: $${count(Math.round(allocation.value))} in ${count(allocation.held)} pools`;
  // A tenth and more in tokens that lost their peg matters more than how the allocation was found.
  return allocation.boxed > 0.1 * allocation.value
    ? `$${count(Math.round(allocation.boxed))} in tokens that lost their peg (${allocation.tokens.join(', ')}) · ${found}`
    : found;
}

function temporalUi(config: Config): string[] {
  const stack = readStack(config.stateFolder);
  return stack && config.temporalAddress === undefined ? [`Temporal UI ${stack.temporalUi}`] : [];
}
