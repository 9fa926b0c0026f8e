/** What tests of the engine on Dataproc share: batches that they watch, and what lies in the bucket. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import type { BatchObservation, Engine } from '../../src/engines/engine.ts';
import { isTerminal } from '../../src/engines/engine.ts';
import type { Run } from '../../src/ledger/runs.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { batchId } from '../../src/planning/batch-id.ts';
import { testDependencies } from '../support/daily-run.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { dataprocSettings } from '../support/engine-settings.ts';
import { onlyEngine } from '../support/engines.ts';
import { claimedRun } from '../support/noted-batch.ts';

export const labels = { 'managed-by': 'sevenfold', 'run-id': 'r' };

/** A folder of its own that goes with the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-dataproc-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function endOf(engine: Engine, id: string): Promise<BatchObservation> {
  let seen = await engine.look(id);
  while (seen && !isTerminal(seen.state)) seen = await engine.lookForChange(id, seen.state, 5_000);
  assert.ok(seen, `${id} is known`);
  return seen;
}

interface StoredObject {
  name: string;
  generation: string;
}

export async function objectsOf({ store, bucket }: TestDataproc, prefix = ''): Promise<StoredObject[]> {
  const answer = await fetch(`${store.endpoint}/storage/v1/b/${bucket}/o?prefix=${prefix}`);
  return ((await answer.json()) as { items?: StoredObject[] }).items ?? [];
}

export async function contentOf({ store, bucket }: TestDataproc, name: string): Promise<Buffer> {
  const answer = await fetch(
    `${store.endpoint}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`,
  );
  return Buffer.from(await answer.arrayBuffer());
}

/** A run with one open unit whose batches go to this engine. */
export async function openUnit(
  t: TestContext,
  engine: Engine,
): Promise<{ deps: Dependencies; run: Run; fence: Fence; id: string }> {
  const deps = { ...(await testDependencies(t)), engines: onlyEngine(engine) };
  const run = await claimedRun(deps.database, '2026-01-31', { engine: 'dataproc' });
  await layOutUnits(deps.database, run.runId, ['metrics']);
  const fence = await beginAttempt(deps.database, run.runId, 'metrics', 'f');
  const id = batchId(
    dataprocSettings(deps.config).batchPrefix,
    'probe',
    `${run.key} ${run.runId}`,
    'metrics',
    1,
  );
  return { deps, run, fence, id };
}

export function watch(deps: Dependencies, fence: Fence, job = 'probe', input = {}): Promise<BatchOutcome> {
  const work = () => runBatch(deps, { fence, job, input, timeoutMs: 600_000 });
  return new MockActivityEnvironment().run<[], BatchOutcome, typeof work>(work);
}
