import { join, relative } from 'node:path';
import type { Config } from '../config.ts';
import { isSampleKey } from '../planning/daily-input.ts';
import { readStack } from '../stack/record.ts';
import type { Run } from '../ledger/runs.ts';
import { countsOf } from '../ledger/counts.ts';
import type { CommandContext } from './context.ts';
import { count, seconds } from './output.ts';
import type { Session } from './session.ts';

/** Says how a run ended: one JSON object, or the lines a person wants. Sets the exit code. */
export async function finishRun(
  { config, out }: CommandContext,
  session: Session,
  run: Run,
  how: { alreadyComplete: boolean; json: boolean },
): Promise<void> {
  const counts = await countsOf(session.database, run);
  const report = run.report === null ? null : join(config.stateFolder, run.report);
  if (run.status !== 'complete') process.exitCode = 1;
  if (how.json) {
    out.json({
      workflowId: run.workflowId,
      runId: run.runId,
      workflowRunId: run.workflowRunId,
      key: run.key,
      status: run.status,
      alreadyComplete: how.alreadyComplete,
      statement: run.statement,
      counts,
      report,
    });
    return;
  }
  if (run.status !== 'complete') {
    out.line(run.statement ?? `${run.key} is ${run.status}.`);
    return;
  }
  const sample = isSampleKey(run.dataset) ? ' · SAMPLE DATA' : ` · ${run.dataset}`;
  const took = how.alreadyComplete
    ? 'complete already, nothing to do'
    : `complete in ${seconds(run.claimedAt, run.finishedAt ?? new Date())}`;
  out.line(`daily ${run.date}${sample} · ${took}`);
  out.line(
    [
      `${count(counts['poolsPassed'] ?? 0)} of ${count(counts['pools'] ?? 0)} pools passed`,
      `${count(counts['metricsRows'] ?? 0)} metrics rows`,
      ...(report === null ? [] : [`report ${relative(process.cwd(), report)}`]),
      ...temporalUi(config),
    ].join(' · '),
  );
}

function temporalUi(config: Config): string[] {
  const stack = readStack(config.stateFolder);
  return stack && config.temporalAddress === undefined ? [`Temporal UI ${stack.temporalUi}`] : [];
}
