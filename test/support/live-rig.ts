import { startLiveEmulator } from '../live/service.ts';
import type { LiveEmulator } from '../live/service.ts';
import type { Rig } from './rig.ts';

/** The day that the emulated providers tell of. */
export const liveDay = '2026-11-20';

export interface LiveRig<Started extends Rig> {
  emulator: LiveEmulator;
  rig: Started;
  stop(): Promise<void>;
}

/** A rig of `start` whose sources are emulated providers of `liveDay`, asked without a pace. */
export async function startLiveRig<Started extends Rig>(
  start: (variables: NodeJS.ProcessEnv) => Promise<Started>,
): Promise<LiveRig<Started>> {
  const emulator = await startLiveEmulator({ day: liveDay });
  try {
    const rig = await start({ ...emulator.environment, SEVENFOLD_REQUESTS_PER_MINUTE: '60000' });
    const stop = async (): Promise<void> => {
      await rig.takeDown();
      await emulator.stop();
    };
    return { emulator, rig, stop };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}
