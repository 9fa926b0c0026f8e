import { join, relative } from 'node:path';
import type { Config } from '../config.ts';
import { kindOf } from '../kinds/index.ts';
import type { RunStatus } from '../ledger/runs.ts';
import { readStack } from '../stack/record.ts';
import type { CommandContext } from './context.ts';
import { seconds } from './output.ts';
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
  const kind = kindOf(run);
  const counts = await kind.counts(session.database, run);
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
  const sample = kind.isSample(run.input) ? ' · SAMPLE DATA' : ` · ${run.dataset}`;
  const took = alreadyComplete
    ? 'complete already, nothing to do'
    : `complete in ${seconds(run.claimedAt, run.finishedAt ?? new Date())}`;
  const { title = run.key, figures, remarks = [] } = await kind.finish(session.database, run, counts);
  return {
    record,
    lines: [
      `${title}${sample} · ${took}`,
      [
        ...figures,
        ...(report === null ? [] : [`report ${relative(process.cwd(), report)}`]),
        ...temporalUi(config),
      ].join(' · '),
      ...remarks,
    ],
  };
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

function temporalUi(config: Config): string[] {
  const stack = readStack(config.stateFolder);
  return stack && config.temporalAddress === undefined ? [`Temporal UI ${stack.temporalUi}`] : [];
}
