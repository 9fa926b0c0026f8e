import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { Failure } from '../../src/failures.ts';
import { onlyEngine } from '../support/engines.ts';
import { testDependencies } from '../support/daily-run.ts';
import type { ContractRig } from './contract.ts';

/** Cleaning up that a whole file shares, in the reverse order of its making. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  after(step: () => unknown): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps) await step();
  }
}

/** A rig whose worker is this process: the activities run here, the jobs wherever the engine puts them. */
export async function inProcessRig(
  engine: Engine,
  failpoints: string,
  cleanup: Cleanup,
  change: Partial<Dependencies['config']> = {},
  given?: Dependencies,
): Promise<ContractRig> {
  let answerLost = false;
  const watched: Engine = {
    name: engine.name,
    lookMs: engine.lookMs,
    look: (batchId) => engine.look(batchId),
    async create(request, environment) {
      const seen = await engine.create(request, environment);
      if (!answerLost) return seen;
      answerLost = false;
      throw new Failure('Infrastructure', 'The answer was lost.');
    },
    lookForChange: (...args) => engine.lookForChange(...args),
    cancel: (batchId) => engine.cancel(batchId),
    check: (request) => engine.check?.(request),
    listOpen: () => engine.listOpen(),
    close: () => engine.close(),
  };
  const base =
    given ??
    (await testDependencies({ after: (step: () => unknown) => cleanup.after(step) } as never, engine));
  const deps: Dependencies = {
    ...base,
    engines: onlyEngine(watched),
    config: { ...base.config, ...change },
  };
  return {
    deps,
    failpoints,
    watch(input) {
      const environment = new MockActivityEnvironment();
      const work = (): Promise<BatchOutcome> => runBatch(deps, input);
      const outcome = environment.run<[], BatchOutcome, typeof work>(work);
      outcome.catch(() => undefined);
      return {
        outcome,
        keepsWatching: false,
        async lose() {
          environment.cancel('WORKER_SHUTDOWN');
          await outcome.catch(() => undefined);
        },
      };
    },
    cancel: (runId) => cancelBatches(deps, { runId }),
    loseNextAnswer: async () => void (answerLost = true),
    close: () => cleanup.run(),
  };
}
