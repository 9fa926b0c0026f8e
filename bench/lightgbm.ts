import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';
import type { StackRig } from '../test/support/rig.ts';

/** What LightGBM alone took of the same rows, and how good it was where it was fitted. */
export interface Limit {
  seconds: number;
  cpuSeconds: number;
  peakMb: number;
  auc?: number;
  logLoss?: number;
}

/** A run, to its end; throws where it is not complete. */
export async function startedRun(rig: StackRig, command: readonly string[]): Promise<string> {
  const { exitCode, result, stderr } = await rig.begin(...command).end;
  if (exitCode !== 0 || result.status !== 'complete') {
    throw new Error(`${command.join(' ')}: ${stderr}${JSON.stringify(result)}`);
  }
  return result.runId!;
}

export function askLimit(rig: StackRig, ...args: string[]): Limit {
  return JSON.parse(python(rig, ...args)) as Limit;
}

/** `bench/lightgbm_limits.py`. */
export function python(rig: StackRig, ...args: string[]): string {
  const { checkout, stateFolder } = readConfig();
  return execFileSync(
    locateToolchain(stateFolder).python,
    [join(checkout, 'bench/lightgbm_limits.py'), ...args],
    { env: { ...rig.env, PYTHONPATH: join(checkout, 'spark') }, encoding: 'utf8' },
  );
}
