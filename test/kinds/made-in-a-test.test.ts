/** A kind of run that src has never heard of: its folder, one line for the registry, and everything works. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { Command } from 'commander';
import { createActivities } from '../../src/activities/index.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { describeRun } from '../../src/commands/finish.ts';
import type { Output } from '../../src/commands/output.ts';
import { register as registerReport } from '../../src/commands/report.ts';
import { register as registerRetry } from '../../src/commands/retry.ts';
import { startAndFollow } from '../../src/commands/start-run.ts';
import { register as registerWhy } from '../../src/commands/why.ts';
import { taskQueues } from '../../src/config.ts';
import type { Database } from '../../src/database/pool.ts';
import type { BatchRequest } from '../../src/engines/engine.ts';
import { registerKind } from '../../src/kinds/index.ts';
import { owedRuns } from '../../src/schedules/deadlines.ts';
import { readSchedules } from '../../src/schedules/entries.ts';
import { testDependencies } from '../support/daily-run.ts';
import { onlyEngine } from '../support/engines.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { shared } from '../support/shared.ts';
import { developmentServer } from '../support/temporal.ts';
import * as probeActivities from './probe/activities.ts';
import { probe } from './probe/kind.ts';

registerKind(probe);

/** Measures what it is sent at once; what lies on `broken` fails. */
class ProbeEngine extends FakeEngine {
  readonly broken = new Set<string>();
  readonly #database: Database;

  constructor(database: Database) {
    super('local');
    this.#database = database;
  }

  override async create(request: BatchRequest) {
    const seen = await super.create(request);
    const asked = (request.input['samples'] ?? []) as string[];
    const failed = asked.filter((sample) => this.broken.has(sample));
    await this.#database.query(
      `update units set detail = detail || '{"value": 1}', committed_attempt = attempt
        where run_id = $1 and unit = any ($2)`,
      [request.fence.runId, asked.filter((sample) => !failed.includes(sample))],
    );
    return {
      ...seen,
      state: 'SUCCEEDED' as const,
      result: {
        failed: failed.map((unit) => ({ units: [unit], errorType: 'JobFailed', message: 'broken' })),
      },
    };
  }
}

test('a kind made in a test runs, explains itself, is retried, scheduled and shown', async (t) => {
  const rig = await openRig(t);
  const { engine, session, out, command } = rig;
  engine.broken.add('sample 3');

  const input = { place: 'here', samples: 5 };
  const start = { workflow: 'probeRun', key: 'probe/here', input, priority: probe.priority };
  const first = await startAndFollow(session, out, start);
  assert.equal(first.run.status, 'partial');
  assert.equal(first.run.statement, 'probe/here is partial: 4 of 5 samples.');
  assert.match(await command(registerWhy, 'why', 'probe/here'), /sample 3: .*broken/);

  engine.broken.clear();
  const retried = await command(registerRetry, 'retry', 'probe/here');
  assert.match(retried, /probe\/here · .*complete in[^]*5 of 5 samples/);
  const again = await startAndFollow(session, out, start);
  const { record, lines } = await describeRun(rig.context, session, again);
  assert.deepEqual(record.counts, { samples: 5, complete: 5 });
  assert.match(lines.join('\n'), /5 of 5 samples/);
  assert.ok(existsSync((await command(registerReport, 'report', 'probe/here')).trim()));
  assert.ok(record.report !== null && existsSync(record.report));
});

test('a schedule takes the kind by its guards, and knows what it owes', () => {
  const entry = { id: 'probe', workflow: 'probeRun', cron: '0 6 * * *', deadline: '1h' };
  const installation = { checkout: '', dataset: 'sample' as const, datasetPath: undefined };
  assert.throws(
    () => readSchedules([{ ...entry, input: { place: 'hre', samples: 1 } }], installation),
    /place is "hre".*Did you mean "here"/,
  );
  const [spec] = readSchedules([{ ...entry, input: { place: 'here', samples: 1 } }], installation);
  const began = new Date('2026-01-01T00:00:00Z');
  const applied = {
    ...{ id: 'probe', spec: spec!, fingerprint: '', appliedAt: began },
    ...{ pauses: [], removedAt: null, countsFrom: began },
  };
  const [owed] = owedRuns([applied], new Date('2026-01-01T12:00:00Z'));
  assert.equal(owed?.key, 'probe/here');
});

async function openRig(t: TestContext) {
  const base = await testDependencies(t);
  const server = await developmentServer();
  const { address } = await shared('temporal');
  const engine = new ProbeEngine(base.database);
  const deps = { ...base, engines: onlyEngine(engine), temporal: server.client };
  const common = {
    connection: server.nativeConnection,
    namespace: server.namespace ?? 'default',
    activities: createActivities(deps, probeActivities),
  };
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: taskQueues.main,
      workflowsPath: fileURLToPath(new URL('./probe/workflows.ts', import.meta.url)),
    }),
    await Worker.create({ ...common, taskQueue: taskQueues.batch }),
  ];
  const served = workers.map((worker) => worker.run());
  t.after(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(served);
    await server.teardown();
  });

  // As for a person who works on somebody else's server.
  process.env['TEMPORAL_ADDRESS'] = address;
  process.env['TEMPORAL_NAMESPACE'] = common.namespace;
  const written: string[] = [];
  const out: Output = {
    isTerminal: false,
    line: (text = '') => void written.push(text),
    live: () => undefined,
    settle: () => undefined,
    json: (value) => void written.push(JSON.stringify(value)),
  };
  const context: CommandContext = {
    config: {
      ...deps.config,
      databaseUrl: deps.databaseUrl,
      temporalAddress: address,
      temporalNamespace: common.namespace,
      sparkSocket: 'none: the engine is in this process',
    },
    out,
  };
  return {
    engine,
    out,
    context,
    session: {
      database: deps.database,
      temporal: async () => server.client,
      revive: async () => undefined,
    },
    /** What a command writes. */
    command: async (
      register: (program: Command, context: CommandContext) => void,
      ...args: string[]
    ): Promise<string> => {
      const before = written.length;
      const program = new Command().exitOverride();
      register(program, context);
      await program.parseAsync(args, { from: 'user' });
      const lines = written.slice(before).join('\n');
      return lines;
    },
  };
}
