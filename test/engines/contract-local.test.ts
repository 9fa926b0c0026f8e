import { after } from 'node:test';
import { createLocalEngine } from '../../src/engines/local/client.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { contract } from './contract.ts';
import type { ContractOptions } from './contract.ts';
import { Cleanup, inProcessRig } from './in-process-rig.ts';
import { queueRig } from './queue-rig.ts';
import { startKeeper } from './support.ts';
import type { TestKeeper } from './support.ts';

// One keeper serves them all, as it does outside of tests: it and its JVM take eight seconds of a core to start.
let started: TestKeeper | undefined;
const keeperOfAll = (): TestKeeper => (started ??= startKeeper());
after(() => started?.stop());

/** With a connection of its own, which its end closes. */
function connected(cleanup: Cleanup): TestKeeper {
  const keeper = keeperOfAll();
  const engine = createLocalEngine({ socketPath: keeperSocket(keeper.stateFolder) });
  cleanup.after(() => engine.close());
  return { ...keeper, engine };
}

const inProcess =
  (sparkLocalWarm: boolean): ContractOptions['open'] =>
  async () => {
    const cleanup = new Cleanup();
    const { engine, failpoints } = connected(cleanup);
    return inProcessRig(engine, failpoints, cleanup, { sparkLocalWarm });
  };

contract('local, warm', { engine: 'local', open: inProcess(true) });
contract('local, isolated', { engine: 'local', open: inProcess(false) });
contract('queue', {
  engine: 'local',
  async open() {
    const cleanup = new Cleanup();
    return queueRig(connected(cleanup), cleanup);
  },
});
