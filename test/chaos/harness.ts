import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailpointName } from '../../src/failpoints.ts';
import {
  descendantsOf,
  identify,
  isSame,
  processesMarked,
  signalProcess,
} from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import type { Rig, RunEnd } from '../support/rig.ts';

/** SEVENFOLD_CHAOS=all: every victim at every point. Without it, every victim, and points at which it matters who dies. */
export const everyCombination = process.env['SEVENFOLD_CHAOS'] === 'all';

/** Everything that may be killed while a run is under way. */
export const victims = ['worker', 'jvm', 'job', 'postgres', 'temporal', 'supervisor'] as const;
export type Victim = (typeof victims)[number];

/** The process to kill; undefined where it is just being started. */
export function identityOf(rig: Rig, victim: Exclude<Victim, 'job'>): ProcessIdentity | undefined {
  const { supervisor, parts } = rig.stack();
  if (victim === 'supervisor') return supervisor ?? undefined;
  const name = victim === 'jvm' ? 'spark' : victim;
  const pid = parts.find((part) => part.name === name)?.pid;
  if (pid == null) return undefined;
  if (victim !== 'jvm') return identify(pid);
  const java = descendantsOf(pid).find((info) => commandOf(info.pid).includes('java'));
  return java && identify(java.pid);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}

/**
 * Throws away the metrics, so that the next run computes them all again, and answers how many attempts there were so far.
 * What the other phases wrote of the run date stays: they have nothing to do.
 */
export async function forgetMetrics({ database }: Rig): Promise<number> {
  await database.query('delete from pool_daily_metrics where date < (select max(date) from runs)');
  await database.query('truncate pool_metrics_state');
  const { rows } = await database.query<{ attempt: number }>(
    `select attempt from units where unit = 'metrics'`,
  );
  return rows[0]!.attempt;
}

/** Arms a failure point, waits until somebody stops there, and answers who. */
export async function arm(
  { failpoints }: Rig,
  name: FailpointName,
): Promise<{ hit: Promise<number>; letGo: () => void }> {
  for (const ending of ['', '.hit', '.go']) rmSync(join(failpoints, name + ending), { force: true });
  writeFileSync(join(failpoints, name), '');
  const hit = (async () => {
    const file = join(failpoints, `${name}.hit`);
    for (const giveUpAt = Date.now() + 180_000; Date.now() < giveUpAt; await sleep(20)) {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      if (text.endsWith('}')) return (JSON.parse(text) as { pid: number }).pid;
    }
    throw new Error(`nobody reached ${name} within 180 s`);
  })();
  return { hit, letGo: () => writeFileSync(join(failpoints, `${name}.go`), '') };
}

export function kill(victim: ProcessIdentity | undefined): void {
  if (victim === undefined || !signalProcess(victim, 'SIGKILL')) throw new Error('the victim is not there');
}

/** Processes of the stack beside those that its parts consist of: what a kill must not leave behind. */
export function orphans(rig: Rig): string[] {
  // Before those that are known: what is born meanwhile is none, nor is what ends (Spark keeps asking pgrep for its children).
  const marked = processesMarked('SEVENFOLD_STATE', (value) => value === rig.stateFolder);
  const { supervisor, parts } = rig.stack();
  const roots = [supervisor?.pid, ...parts.map(({ pid }) => pid)].filter((pid) => pid != null);
  const known = new Set([...roots, ...roots.flatMap((pid) => descendantsOf(pid).map((info) => info.pid))]);
  return marked
    .filter((info) => !known.has(info.pid) && isSame(info))
    .map(({ pid }) => `${pid} ${commandOf(pid)}`);
}

/** The run ended as if nobody had been killed: complete, with the rows of an undisturbed one, and nothing left running. */
export async function assertUndisturbed(rig: Rig, end: Promise<RunEnd>, undisturbed: string): Promise<void> {
  const { exitCode, result, stderr } = await end;
  assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  assert.equal(result.status, 'complete');
  assert.equal(await rig.checksum(), undisturbed);
  assert.deepEqual(orphans(rig), []);
}

export interface Attempts {
  /** Of the unit `metrics`, since `before`. */
  attempts: number;
  /** The most that any one of their batches was watched. */
  watchers: number;
}

export async function attemptsSince({ database }: Rig, before: number): Promise<Attempts> {
  const { rows } = await database.query<Attempts>(
    `select (select attempt - $1 from units where unit = 'metrics') as attempts,
            (select max(watchers) from batches where unit = 'metrics' and attempt > $1) as watchers`,
    [before],
  );
  return rows[0]!;
}
