import { readConfig } from '../../src/config.ts';
import { shippedEngines } from '../../src/engines/index.ts';
import { contract } from './contract.ts';
import { Cleanup, inProcessRig } from './in-process-rig.ts';
import { elsewhere } from './made-in-a-test.ts';
import { startKeeper } from './support.ts';

contract('an engine made in a test', {
  engine: elsewhere.name,
  async open() {
    const keeper = startKeeper();
    const cleanup = new Cleanup();
    cleanup.after(() => keeper.stop());
    const { engines } = readConfig({}, { ...shippedEngines, elsewhere });
    const engine = { ...keeper.engine, name: elsewhere.name };
    return inProcessRig(engine, keeper.failpoints, cleanup, { engines });
  },
});
