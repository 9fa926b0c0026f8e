import { readFileSync } from 'node:fs';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities/index.ts';
import { readConfig, taskQueues } from '../../src/config.ts';
import { searchAttributes } from '../../src/search-attributes.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { bundleWorkflows } from '../../src/workflow-bundle.ts';
import { workerOptions } from '../../src/worker-options.ts';
import { ownNamespace, shared } from './shared.ts';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  // The time-skipping server lacks what the core warns about at every start of a worker.
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

/** Temporal's own numbers (temporal.api.enums.v1.IndexedValueType). */
const indexedValueTypes = { Keyword: 2, Int: 3 } as const;

/** A server on which waiting costs nothing: for stories with long back-offs. */
export async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const { testServer } = locateToolchain(readConfig().stateFolder);
  const start = () =>
    TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: testServer } },
    });
  // The SDK gives its JVM five seconds to listen, which a busy machine may need for starting it.
  const environment = await start().catch(start).catch(start).catch(start);
  // This server knows how to add attributes but not how to list them.
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(
      Object.entries(searchAttributes).map(([name, type]) => [name, indexedValueTypes[type]]),
    ),
  });
  return environment;
}

/** The development server that the test run shares, in a namespace of this file's own. */
export async function developmentServer(): Promise<TestWorkflowEnvironment> {
  const { address } = await shared('temporal');
  return TestWorkflowEnvironment.createFromExistingServer({ address, namespace: ownNamespace() });
}

/** Runs `work` while one worker serves all queues with these activities. */
export async function withWorker<T>(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  work: () => Promise<T>,
  /** Other workflows than the shipped ones. */
  { workflowsPath }: { workflowsPath?: string } = {},
): Promise<T> {
  const common = {
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    activities,
  };
  const main = await Worker.create({
    ...common,
    taskQueue: taskQueues.main,
    ...workerOptions,
    ...(workflowsPath === undefined ? { workflowBundle: await bundleWorkflows() } : { workflowsPath }),
  });
  const batches = await Worker.create({ ...common, taskQueue: taskQueues.batch });
  const fetches = await Worker.create({ ...common, taskQueue: taskQueues.fetch });
  return fetches.runUntil(batches.runUntil(main.runUntil(work)));
}

/** A history as a version of the code recorded it; they stay as long as runs of that version may be open (30 days). */
export function readHistory(name: string, version = '0.1.0'): Record<string, unknown> {
  return JSON.parse(
    readFileSync(new URL(`../replay/histories/${version}/${name}.json`, import.meta.url), 'utf8'),
  ) as Record<string, unknown>;
}
