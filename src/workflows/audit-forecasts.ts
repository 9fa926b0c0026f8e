import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseAuditInput } from '../kinds/backfill/input.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { fannedSteps, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, carryOut, yesterdayOf } from './run-control.ts';

const { openForecasts } = proxyActivities<Activities>(lightActivityOptions);

/** Makes a share of the finished dates again and compares the bytes with those that are stored; writes no forecast. */
export async function auditForecasts(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseAuditInput(raw));
  const yesterday = yesterdayOf(carried);
  const fanned = fannedSteps(raw, { yesterday, concurrency: input.concurrency, carried });
  const steps = [fanned('audit'), reportStep];
  return carryOut(
    {
      kind: 'auditForecasts',
      date: yesterday,
      priority: backfillPriority,
      steps,
      paused: carried?.paused === true,
    },
    (claimant) =>
      openForecasts({
        ...claimant,
        kind: 'auditForecasts',
        input,
        yesterday,
        phases: steps.map(({ unit }) => unit),
      }),
  );
}
