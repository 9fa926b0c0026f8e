import type { BatchObservation } from '../engines/engine.ts';
import { findSent } from '../ledger/batches.ts';
import type { SentBatch } from '../ledger/batches.ts';
import { raiseFences } from '../ledger/units.ts';
import { isOpenInTemporal } from '../open-in-temporal.ts';
import type { SweepInput } from '../planning/sweep-input.ts';
import { waitingWorkflows } from '../waiting-workflows.ts';
import type { Dependencies } from './dependencies.ts';
import { endBatches } from './end-batches.ts';

/** A batch that no open run owns. */
export interface Orphan {
  batchId: string;
  engine: string;
  state: string;
  /** The key of its run; null if this ledger does not know it, although another installation may. */
  run: string | null;
  ended: boolean;
  /** Why ending it failed. */
  problem?: string;
}

export interface Sweep {
  /** Batches that have not ended, on all engines that answered. */
  open: number;
  orphans: Orphan[];
  /** Workflows started on a task queue that no worker serves, a line each. */
  waiting: string[];
  /** Orphans that still run, workflows that wait, and engines that did not answer. */
  left: number;
  statement: string;
}

const mostReported = 50;
const mostNamed = 5;

/** Asks every engine which batches run, the ledger which run owns each, and Temporal whether that run is open. Safe to repeat. */
export async function sweepBatches(deps: Dependencies, { mode }: SweepInput): Promise<Sweep> {
  const orphans: Orphan[] = [];
  const unasked: string[] = [];
  const seen = new Set<string>();
  const configured = Object.entries(deps.config.engines).filter(([, engine]) => !engine.problem?.());
  for (const [name] of configured) {
    try {
      const engine = await deps.engines.named(name);
      for (const batch of await engine.listOpen()) {
        // The keeper also runs the drivers of a standalone cluster: both engines list them.
        if (seen.has(batch.batchId)) continue;
        seen.add(batch.batchId);
        const orphan = await judge(deps, name, batch, mode);
        if (orphan) orphans.push(orphan);
      }
    } catch (error) {
      unasked.push(`${name} (${(error as Error).message})`);
    }
  }
  const waiting = await waitingLines(deps).catch((error: unknown) => {
    unasked.push(`Temporal (${(error as Error).message})`);
    return [];
  });
  const left = orphans.filter(({ ended }) => !ended).length + waiting.length + unasked.length;
  return {
    open: seen.size,
    orphans: orphans.slice(0, mostReported),
    waiting,
    left,
    statement: [statementOf(mode, seen.size, orphans, unasked), ...waiting.slice(0, mostNamed)].join(' '),
  };
}

async function waitingLines({ temporal }: Dependencies): Promise<string[]> {
  return (await waitingWorkflows(temporal)).map(({ line }) => line);
}

async function judge(
  deps: Dependencies,
  name: string,
  { batchId, state, labels }: BatchObservation,
  mode: SweepInput['mode'],
): Promise<Orphan | undefined> {
  const { database } = deps;
  const owners = await database.query<{ key: string; workflowId: string; workflowRunId: string }>(
    `select key, workflow_id as "workflowId", workflow_run_id as "workflowRunId" from runs where run_id::text = $1`,
    [labels['run-id'] ?? ''],
  );
  const owner = owners.rows[0];
  if (owner && (await isOpenInTemporal(deps.temporal, owner))) return undefined;
  const sent = await findSent(database, [batchId]);
  // A batch that this ledger never sent may belong to another installation that shares the project.
  const ours = owner !== undefined && sent !== undefined;
  const orphan = { batchId, engine: ours ? sent.engine : name, state, run: owner?.key ?? null };
  if (mode === 'report' || !ours) return { ...orphan, ended: false };
  try {
    await end(deps, sent, labels['run-id']!);
    return { ...orphan, ended: true };
  } catch (error) {
    // One that cannot be ended must not keep the others from being ended.
    return { ...orphan, ended: false, problem: (error as Error).message };
  }
}

/** Fences first, so that a batch about to commit no longer can. */
async function end(deps: Dependencies, batch: SentBatch, runId: string): Promise<void> {
  await raiseFences(deps.database, runId);
  await endBatches(deps, [batch]);
}

function statementOf(
  mode: SweepInput['mode'],
  open: number,
  orphans: readonly Orphan[],
  unasked: readonly string[],
): string {
  const asked = unasked.length === 0 ? '' : ` Not asked: ${unasked.join(', ')}.`;
  if (orphans.length === 0) return `${open} batches are open, each has its run.${asked}`;
  const named = orphans.slice(0, mostNamed).map((orphan) => {
    const { batchId, run, ended, problem } = orphan;
    const became = ended ? ' (ended)' : problem === undefined ? '' : ` (not ended: ${problem})`;
    return `${batchId} of ${run ?? 'a run unknown here'}${became}`;
  });
  const more = orphans.length > mostNamed ? ', …' : '';
  const endable = mode === 'report' && orphans.some(({ run }) => run !== null);
  const advice = endable ? ' End them: sevenfold batches sweep --cancel.' : '';
  return `${orphans.length} of ${open} open batches have no open run: ${named.join(', ')}${more}.${advice}${asked}`;
}
