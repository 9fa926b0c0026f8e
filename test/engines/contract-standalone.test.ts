import { createStandaloneEngine } from '../../src/engines/standalone/engine.ts';
import { startSparkCluster } from '../support/spark-cluster.ts';
import { contract } from './contract.ts';
import { Cleanup, inProcessRig } from './in-process-rig.ts';
import { startKeeper } from './support.ts';

contract('standalone', {
  engine: 'standalone',
  async open() {
    const cleanup = new Cleanup();
    const cluster = await startSparkCluster();
    cleanup.after(() => cluster.stop());
    const keeper = startKeeper();
    cleanup.after(() => keeper.stop());
    const { masterUrl: master, masterUi } = cluster;
    const engine = createStandaloneEngine(keeper.engine, { master, masterUi, executorMemory: '512m' });
    return inProcessRig(engine, keeper.failpoints, cleanup);
  },
});
