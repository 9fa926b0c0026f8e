/**
 * `npm run chaos -- --kills 20 [--seed 1] [--backfill [--sink delta] | --cv]`: runs a day (or a backfill, training included, or a
 * cross-validation) again and again
 * while random processes of the stack are killed at random moments, and holds the rows against those of an undisturbed run.
 * Nothing is restarted by hand.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { forgetForecasts, startBackfillRig } from '../support/backfill-rig.ts';
import { startCvRig } from '../support/cv-rig.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';
import { victims } from './cases.ts';
import type { Victim } from './cases.ts';
import { forgetEverything, identityOf, kill } from './harness.ts';

const day = '2026-11-01';
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string' },
    backfill: { type: 'boolean', default: false },
    cv: { type: 'boolean', default: false },
    sink: { type: 'string', default: 'postgres' },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed ?? Date.now() % 100_000);
const sink = values.sink;
if (
  !Number.isInteger(kills) ||
  kills < 1 ||
  !Number.isInteger(seed) ||
  !['postgres', ...(values.backfill ? ['delta'] : [])].includes(sink)
) {
  process.stderr.write(
    'Usage: npm run chaos -- --kills <number> [--seed <number>] [--backfill [--sink delta] | --cv]\n',
  );
  process.exit(2);
}
const random = randomFrom(seed);
say(`${kills} kills, seed ${seed}`);

const { rig, begin, checksum, forget } = values.cv
  ? await aCrossValidation()
  : values.backfill
    ? await aBackfill()
    : await aDay();
// Also when interrupted: what this started must not stay.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void rig.takeDown().finally(() => process.exit(1)));
}
let failures = 0;
try {
  await runOnce(); // the first one also warms everything up
  const undisturbed = await checksum();
  await forget();
  const started = performance.now();
  await runOnce();
  const usualMs = performance.now() - started;
  say(`undisturbed: ${(usualMs / 1000).toFixed(1)} s, rows ${undisturbed.slice(0, 8)}`);

  for (let done = 0; done < kills;) {
    await forget();
    const { end } = begin();
    let ended = false;
    void end.then(() => (ended = true));
    const killed: Victim[] = [];
    // One to three kills fall into one run.
    const wanted = Math.min(kills - done, 1 + Math.floor(random() * 3));
    while (!ended && killed.length < wanted) {
      await sleep((random() * usualMs) / wanted);
      if (ended) break;
      const victim = victims[Math.floor(random() * victims.length)]!;
      if (strike(rig, victim)) killed.push(victim);
    }
    done += killed.length;
    const { exitCode, result, stderr } = await end;
    const same = (await checksum()) === undisturbed;
    const left = await orphansThatStay(rig);
    const good = exitCode === 0 && result.status === 'complete' && same && left.length === 0;
    if (!good) failures += 1;
    say(
      `${good ? '✓' : '✗'} ${done}/${kills} killed ${killed.join(', ') || 'nobody'}` +
        (good
          ? ''
          : ` · exit ${exitCode}, ${result.status}, rows ${same ? 'same' : 'DIFFER'}, orphans ${left.join('; ') || 'none'} ${stderr}`),
    );
  }
} finally {
  await rig.takeDown();
}
say(failures === 0 ? `all rows as undisturbed, no orphan` : `${failures} runs ended wrong (seed ${seed})`);
process.exitCode = failures === 0 ? 0 : 1;

/** What is run again and again, what its rows come to, and how they are thrown away. */
interface Subject {
  rig: StackRig;
  begin: () => ReturnType<StackRig['begin']>;
  checksum: () => Promise<string>;
  forget: () => Promise<void>;
}

async function aDay(): Promise<Subject> {
  const rig = await startRig();
  return {
    rig,
    begin: () => rig.run(day),
    checksum: () => rig.checksum(),
    forget: () => forgetEverything(rig),
  };
}

async function aBackfill(): Promise<Subject> {
  const rig = await startBackfillRig();
  const path = join(rig.stateFolder, 'a table');
  const place = sink === 'delta' ? { name: 'delta' as const, path } : undefined;
  const options = place === undefined ? [] : ['--sink', 'delta', '--sink-path', path];
  return {
    rig,
    begin: () => rig.backfill('--chunk', '15', ...options),
    checksum: () => rig.forecastChecksum(undefined, undefined, place),
    async forget() {
      await forgetForecasts(rig, true);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

async function aCrossValidation(): Promise<Subject> {
  const rig = await startCvRig(3_000);
  return {
    rig,
    begin: () => rig.crossValidate('--mode', random() < 0.5 ? 'mp' : 'spark_local'),
    checksum: () => rig.cvChecksum(),
    forget: () => rig.forgetFits(true),
  };
}

async function runOnce(): Promise<void> {
  const { exitCode, stderr } = await begin().end;
  if (exitCode !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
}

/** False where there is nothing to kill at this moment. */
function strike(on: StackRig, victim: Victim): boolean {
  const identity = victim === 'job' ? anyJob(on) : identityOf(on, victim);
  if (identity === undefined) return false;
  try {
    kill(identity);
    return true;
  } catch {
    return false;
  }
}

/** A Python process below the keeper, but for the one that all others are forks of. */
function anyJob(on: StackRig): ProcessIdentity | undefined {
  const keeper = on.stack().parts.find(({ name }) => name === 'spark')?.pid;
  const below = keeper == null ? [] : descendantsOf(keeper).filter(({ parentPid }) => parentPid !== keeper);
  return below[Math.floor(random() * below.length)];
}

/** What a kill leaves is ended by the supervisor, which needs a moment for it. */
async function orphansThatStay(on: StackRig): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const found = on.orphans();
    if (found.length === 0 || tries === 50) return found;
    await sleep(200);
  }
}

/** Numbers from 0 to 1 that a seed repeats, and with them the kills. */
function randomFrom(start: number): () => number {
  let drawn = 0;
  return () => {
    drawn += 1;
    return createHash('sha256').update(`${start} ${drawn}`).digest().readUInt32BE() / 2 ** 32;
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
