import { contract } from './contract.ts';
import { Cleanup } from './in-process-rig.ts';
import { queueRig } from './queue-rig.ts';
import { startKeeper } from './support.ts';

contract('queue', {
  engine: 'local',
  async open() {
    const keeper = startKeeper();
    const cleanup = new Cleanup();
    cleanup.after(() => keeper.stop());
    return queueRig(keeper, cleanup);
  },
});
