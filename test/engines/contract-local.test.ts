import { contract } from './contract.ts';
import { Cleanup, inProcessRig } from './in-process-rig.ts';
import { startKeeper } from './support.ts';

for (const [name, sparkLocalWarm] of [
  ['local, warm', true],
  ['local, isolated', false],
] as const) {
  contract(name, {
    engine: 'local',
    async open() {
      const keeper = startKeeper();
      const cleanup = new Cleanup();
      cleanup.after(() => keeper.stop());
      return inProcessRig(keeper.engine, keeper.failpoints, cleanup, { sparkLocalWarm });
    },
  });
}
