import { setTimeout as sleep } from 'node:timers/promises';
import { gigabytes } from '../../environment-values.ts';
import { Failure } from '../../failures.ts';
import type { Resources } from '../../planning/executors.ts';
import { isTerminal } from '../engine.ts';
import type { BatchObservation, Engine } from '../engine.ts';

export interface StandaloneOptions {
  /** `spark://host:port` */
  master: string;
  /** Where the master shows its state as JSON: `http://host:port`. */
  masterUi: string;
  /** What an executor takes: `4g`, `512m`. */
  executorMemory: string;
}

/** An application as the master lists it. Its end says nothing of success: that is the driver's exit code. */
interface Application {
  id: string;
  name: string;
  state: string;
}

interface MasterState {
  workers?: { state: string; memory: number }[];
  activeapps?: Application[];
  completedapps?: Application[];
}

const masterTimeoutMs = 5_000;
/** The master notices by its connection that a driver was killed. If it takes longer than this, we end the application. */
const goneWithinMs = 3_000;

/**
 * Batches on a standalone cluster. The driver runs on this machine, in client mode, and its keeper is the local one: it
 * knows the exit code, the time limit and the processes. What is on the cluster is known by the batch's id, which is the
 * application's name.
 */
export function createStandaloneEngine(
  local: Engine,
  { master, masterUi, executorMemory }: StandaloneOptions,
): Engine {
  async function readMaster(): Promise<MasterState | undefined> {
    try {
      const answer = await fetch(new URL('/json/', masterUi), {
        signal: AbortSignal.timeout(masterTimeoutMs),
      });
      return answer.ok ? ((await answer.json()) as MasterState) : undefined;
    } catch {
      return undefined; // It may be restarting. The state of a batch comes from its driver, not from the master.
    }
  }

  async function applicationOf(batchId: string): Promise<Application | undefined> {
    const state = await readMaster();
    return [...(state?.activeapps ?? []), ...(state?.completedapps ?? [])].find(
      ({ name }) => name === batchId,
    );
  }

  /** Spark would wait for ever for a worker that offers what none has. */
  function fitting(resources: Resources, { workers = [] }: MasterState): Resources {
    const offered = workers.filter(({ state }) => state === 'ALIVE').map(({ memory }) => memory);
    if (offered.length === 0) {
      throw new Failure(
        'Infrastructure',
        `No worker of ${master} is alive. Start one, then it goes on by itself.`,
      );
    }
    const memory = resources.sparkMemory ?? executorMemory;
    const [largest, asked] = [Math.max(...offered), gigabytes(memory) * 1024];
    if (asked > largest) {
      const setting = resources.sparkMemory === undefined ? 'SPARK_EXECUTOR_MEMORY' : '--spark-memory';
      throw new Failure(
        'InvalidInput',
        `No worker of ${master} offers ${memory}; the largest has ${largest}m. Lower ${setting}.`,
      );
    }
    return { ...resources, memoryFactor: Math.min(resources.memoryFactor, Math.floor(largest / asked)) };
  }

  const known = new Map<string, string>();
  async function withApplication(seen: BatchObservation | undefined): Promise<BatchObservation | undefined> {
    if (seen === undefined) return undefined;
    if (!known.has(seen.batchId) && (seen.state === 'RUNNING' || seen.state === 'CANCELLING')) {
      const application = await applicationOf(seen.batchId);
      if (application) known.set(seen.batchId, application.id);
    }
    const appId = known.get(seen.batchId);
    if (isTerminal(seen.state)) known.delete(seen.batchId);
    return appId === undefined ? seen : { ...seen, remote: { ...seen.remote, appId } };
  }

  /** Executors that outlive their driver would go on writing: a driver that is stopped does not let go of them. */
  async function endApplication(batchId: string): Promise<void> {
    const giveUpAt = performance.now() + goneWithinMs;
    for (;;) {
      const active = (await readMaster())?.activeapps?.find(({ name }) => name === batchId);
      if (active === undefined) return;
      if (performance.now() > giveUpAt) {
        const form = new URLSearchParams({ id: active.id, terminate: 'true' });
        await fetch(new URL('/app/kill/', masterUi), {
          method: 'POST',
          body: form,
          redirect: 'manual',
          signal: AbortSignal.timeout(masterTimeoutMs),
        }).catch(() => undefined);
        return;
      }
      await sleep(200);
    }
  }

  return {
    name: 'standalone',
    lookMs: local.lookMs,
    look: async (batchId) => withApplication(await local.look(batchId)),
    async create(request, environment) {
      const state = await readMaster();
      if (state === undefined) {
        throw new Failure(
          'Infrastructure',
          `The Spark master does not answer at ${masterUi}. Start it, or correct SPARK_MASTER_URL and SPARK_MASTER_UI_URL.`,
        );
      }
      const resources = fitting(request.resources, state);
      return local.create({ ...request, resources, isolated: true, master }, environment);
    },
    async lookForChange(batchId, than, waitMs, signal) {
      return withApplication(await local.lookForChange(batchId, than, waitMs, signal));
    },
    async cancel(batchId) {
      const seen = await local.cancel(batchId);
      if (seen) await endApplication(batchId);
      return seen;
    },
    listOpen: async () => local.listOpen(),
    close: () => local.close(),
  };
}
