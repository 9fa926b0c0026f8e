import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailpointName } from '../../src/failpoints.ts';
import { descendantsOf, identify, signalProcess } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { commandOf } from '../support/processes.ts';
import type { Victim } from './cases.ts';
import type { Rig, RunEnd, StackRig } from '../support/rig.ts';

/** The process to kill; undefined where it is just being started. */
export function identityOf(rig: StackRig, victim: Exclude<Victim, 'job'>): ProcessIdentity | undefined {
  const { supervisor, parts } = rig.stack();
  if (victim === 'supervisor') return supervisor ?? undefined;
  const name = victim === 'jvm' ? 'spark' : victim;
  const pid = parts.find((part) => part.name === name)?.pid;
  if (pid == null) return undefined;
  if (victim !== 'jvm') return identify(pid);
  const java = descendantsOf(pid).find((info) => commandOf(info.pid).includes('java'));
  return java && identify(java.pid);
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

/** Throws away every run and all that days are made of; boosters of finished blocks stay. */
export async function forgetEverything({ database }: Pick<Rig, 'database'>): Promise<void> {
  await database.query(
    `truncate runs, units, batches, checks, allocation_parameters, pools, pool_history, token_prices_daily,
              gas_fees_daily, macroeconomic_data, portfolio_transactions, pool_daily_metrics, pool_metrics_state,
              icebox_tokens, pool_forecasts, pool_forecast_quantiles, pool_forecast_models, daily_balances, allocations,
              allocation_positions, asset_allocations, notifications, forecast_evaluation_days
     cascade`,
  );
}

/** Arms a failure point, for whoever is about these words where there are any, and answers who stops there. */
export async function arm(
  { failpoints }: Pick<Rig, 'failpoints'>,
  name: FailpointName,
  about = '',
): Promise<{ hit: Promise<number>; letGo: () => void }> {
  for (const ending of ['', '.hit', '.go']) rmSync(join(failpoints, name + ending), { force: true });
  writeFileSync(join(failpoints, name), about);
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

/** The run ended as if nobody had been killed: complete, with the rows of an undisturbed one, and nothing left running. */
export async function assertUndisturbed(rig: Rig, end: Promise<RunEnd>, undisturbed: string): Promise<void> {
  const { exitCode, result, stderr } = await end;
  assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  assert.equal(result.status, 'complete');
  assert.equal(await rig.checksum(), undisturbed);
  assert.deepEqual(rig.orphans(), []);
}

export interface Attempts {
  /** Attempts of the unit `metrics` since `before`. */
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
