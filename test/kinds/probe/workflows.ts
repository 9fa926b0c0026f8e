/** The workflows of a worker that has the kind: those that are shipped, and its own. */
import { proxyActivities } from '@temporalio/workflow';
import type { Bound } from '../../../src/activities/index.ts';
import type { RunSummary } from '../../../src/activities/runs.ts';
import { fanOut } from '../../../src/workflows/fan-out.ts';
import { reportStep } from '../../../src/workflows/forecast-work.ts';
import { lightActivityOptions } from '../../../src/workflows/options.ts';
import { accepted, carryOut, yesterdayOf } from '../../../src/workflows/run-control.ts';
import type { Step } from '../../../src/workflows/run-control.ts';
import type * as activities from './activities.ts';
import { parseProbe } from './input.ts';

export * from '../../../src/workflows/index.ts';

const { openProbe } = proxyActivities<Bound<typeof activities>>(lightActivityOptions);

/** Measures samples in chunks, and shows them. */
export async function probeRun(raw: unknown): Promise<RunSummary> {
  const parsed = parseProbe(raw);
  const input = accepted(parsed.ok ? { ok: true, input: parsed.value } : parsed);
  const measure: Step = {
    unit: 'measure',
    force: false,
    continueOnFailure: true,
    work: ({ runId }, control) => fanOut({ runId, unit: 'measure', concurrency: () => 2, control }),
  };
  return carryOut(
    { kind: 'probeRun', date: yesterdayOf(), priority: 3, steps: [measure, reportStep] },
    (claimant) => openProbe({ ...claimant, input }),
  );
}
