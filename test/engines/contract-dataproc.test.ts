import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTestDataproc } from '../support/dataproc.ts';
import { testDependencies } from '../support/daily-run.ts';
import { contract } from './contract.ts';
import { Cleanup, inProcessRig } from './in-process-rig.ts';

contract('Dataproc Serverless, on loopback', {
  engine: 'dataproc',
  async open() {
    const cleanup = new Cleanup();
    const failpoints = mkdtempSync(path.join(tmpdir(), 'sevenfold-failpoints-'));
    cleanup.after(() => rmSync(failpoints, { recursive: true, force: true }));
    const deps = await testDependencies({ after: (step: () => unknown) => cleanup.after(step) } as never);
    const dataproc = await startTestDataproc({ databaseUrl: deps.databaseUrl, failpoints });
    cleanup.after(() => dataproc.stop());
    const engine = await dataproc.engine();
    cleanup.after(() => engine.close());
    const rig = await inProcessRig(engine, failpoints, cleanup, {}, deps);
    return {
      ...rig,
      // By the service itself: it does its work and answers that it is unavailable.
      loseNextAnswer: async () => void dataproc.service.faults.next('CreateBatch', 'lost answer'),
    };
  },
});
