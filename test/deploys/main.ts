/**
 * `npm run deploys -- [--from <commit>] [--kind daily|backfill|cv] [--case worker-first|both|incompatible|started-by-temporal] [--keep]`: runs
 * that one version of the code begins and another finishes, while their batches run. The rows are held against those that
 * today's code makes of the same run, undisturbed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { isCodeChanged } from '../../src/planning/retry.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { arm } from '../chaos/harness.ts';
import { collect, temporal } from '../support/rig.ts';
import { stopShared } from '../support/shared.ts';
import { until } from '../support/until.ts';
import { checkoutOf, incompatibleCheckout } from './checkouts.ts';
import { Fleet } from './fleet.ts';
import { kinds } from './kinds.ts';
import type { DeployedKind, KindName } from './kinds.ts';

const kindNames = Object.keys(kinds) as KindName[];
/**
 * The worker is replaced before the keeper, so that a batch of the old code runs across; both at once, as
 * docs/operate.md says; the worker by one whose workflows cannot replay the history, of a run that our command line
 * started, or that `temporal` did, which tries nothing again by itself.
 */
const caseNames = ['worker-first', 'both', 'incompatible', 'started-by-temporal'] as const;
type CaseName = (typeof caseNames)[number];

const usage = `Usage: npm run deploys -- [--from <commit>] [--kind ${kindNames.join('|')}] [--case ${caseNames.join('|')}] [--keep]`;
const { values } = parseArgs({
  options: {
    from: { type: 'string', default: 'HEAD' },
    kind: { type: 'string', multiple: true, default: kindNames },
    case: { type: 'string', multiple: true, default: [...caseNames] },
    keep: { type: 'boolean', default: false },
  },
});
if (
  values.kind.some((name) => !(kindNames as string[]).includes(name)) ||
  values.case.some((name) => !(caseNames as readonly string[]).includes(name))
) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}

const { checkout: today, stateFolder } = readConfig();
const temporalProgram = locateToolchain(stateFolder).temporal;
let failures = 0;
for (const case_ of values.case as CaseName[]) {
  const isOther = case_ === 'incompatible' || case_ === 'started-by-temporal';
  const [old, next] = isOther ? [today, incompatibleCheckout()] : [checkoutOf(values.from), today];
  for (const name of values.kind as KindName[]) {
    const title = `${name}, ${case_}${isOther ? '' : ` from ${values.from}`}`;
    const started = performance.now();
    const fleet = await Fleet.create();
    let good = false;
    try {
      const seen = await deploy(fleet, { kind: kinds[name], case_, old, next });
      good = true;
      say(`✓ ${title}: ${seen} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
    } catch (error) {
      failures += 1;
      say(`✗ ${title}: ${(error as Error).message}\n  what it left: ${fleet.state}`);
    } finally {
      await fleet.takeDown({ keepFolder: values.keep || !good });
    }
  }
}
await stopShared();
process.exitCode = failures === 0 ? 0 : 1;

interface Deploy {
  kind: DeployedKind;
  case_: CaseName;
  old: string;
  next: string;
}

/** One run across one change of the code; what was seen, in a line. Throws where the run does not end as it should. */
async function deploy(fleet: Fleet, { kind, case_, old, next }: Deploy): Promise<string> {
  await fleet.install(old);
  await fleet.start('keeper', old);
  await fleet.start('worker', old);
  for (const args of kind.prepare) await succeeds(fleet, old, args);

  const command = await begin(fleet, { kind, case_, old, next });
  await until('some units are whole', () => asks(fleet, kind.isUnderWay));
  const held = await arm(fleet, 'before-commit');
  await held.hit;
  const batch = await runningBatch(fleet);
  const wholeBefore = await wholeUnits(fleet);

  command?.kill('SIGKILL'); // it only watches
  await fleet.stop('worker');
  if (case_ === 'both') await fleet.stop('keeper');
  await fleet.install(next);
  if (case_ === 'both') await fleet.start('keeper', next);
  await fleet.start('worker', next);

  let across: string;
  if (case_ === 'worker-first') {
    await until('the new worker watches the batch of the old one', () =>
      asks(fleet, `select watchers > 1 as yes from batches where batch_id = '${batch}'`),
    );
    const nextBatch = await arm(fleet, 'before-create');
    held.letGo();
    // The keeper is replaced between two batches; a run that needs no further one is not held.
    const isHeld = await Promise.race([nextBatch.hit.then(() => true), hasEnded(fleet).then(() => false)]);
    await fleet.stop('keeper');
    await fleet.start('keeper', next);
    nextBatch.letGo();
    across = `${batch} was adopted${isHeld ? '' : ' and was the last'}`;
  } else {
    held.letGo();
    across = case_ === 'both' ? `${batch} ended with its keeper` : `${batch} met other code`;
  }

  if (case_ === 'started-by-temporal') await endsByCodeChanged(fleet, next);
  const last = case_ === 'started-by-temporal' ? [...kind.run, '--json'] : ['watch', '--json'];
  const watched = await fleet.command(next, ...last);
  const { status } = await newestRun(fleet);
  assert.equal(`${watched.exitCode} ${status}`, '0 complete', `${watched.stdout}${watched.stderr}`);
  const redone = await redoneOf(fleet, wholeBefore);
  assert.deepEqual(redone, [], 'units that were whole before the change were made again');
  const { rows: ends } = await fleet.database.query<{ state: string }>(
    'select state from batches where batch_id = $1',
    [batch],
  );
  if (case_ === 'worker-first') assert.equal(ends[0]?.state, 'SUCCEEDED');
  await assertAsUndisturbed(fleet, kind, next);
  return `${wholeBefore.size} units whole before, ${across} (${ends[0]?.state}), rows as undisturbed`;
}

/** Begins the run by our command line, which goes on watching it, or by `temporal`. */
async function begin(fleet: Fleet, { kind, case_, old }: Deploy): Promise<ChildProcess | undefined> {
  if (case_ !== 'started-by-temporal') return fleet.begin(old, ...kind.run);
  const line = await succeeds(fleet, old, [...kind.run, '--show-temporal']);
  const { stdout, stderr, exitCode } = await collect(
    spawn('/bin/sh', ['-c', line.replace(/^temporal /, '"$0" '), temporalProgram], {
      env: fleet.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  if (exitCode !== 0) throw new Error(`${line}: ${stdout}${stderr}`);
  return undefined;
}

/** Nothing begins such a run anew by itself: the command that watches it says what to do. */
async function endsByCodeChanged(fleet: Fleet, next: string): Promise<void> {
  const { stdout, exitCode } = await fleet.command(next, 'watch', '--json');
  assert.notEqual(exitCode, 0);
  assert.match(stdout, /CodeChanged/);
  const { workflowId } = await newestRun(fleet);
  const described = await temporal(fleet, 'workflow', 'describe', '--workflow-id', workflowId);
  assert.ok(isCodeChanged(described), described);
}

async function succeeds(fleet: Fleet, checkout: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await fleet.command(checkout, ...args);
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}

async function assertAsUndisturbed(fleet: Fleet, kind: DeployedKind, checkout: string): Promise<void> {
  const across = await kind.checksum(fleet.database);
  await kind.forget(fleet.database);
  await succeeds(fleet, checkout, kind.run);
  assert.equal(across, await kind.checksum(fleet.database), 'the rows differ from an undisturbed run');
}

/** A statement that gives one column `yes`. */
async function asks(fleet: Fleet, statement: string): Promise<boolean> {
  const { rows } = await fleet.database.query<{ yes: boolean }>(statement);
  return rows[0]?.yes === true;
}

async function runningBatch(fleet: Fleet): Promise<string> {
  return until('a batch runs', async () => {
    const { rows } = await fleet.database.query<{ id: string }>(
      `select batch_id as id from batches where state = 'RUNNING' order by submitted_at desc limit 1`,
    );
    return rows[0]?.id;
  });
}

/** Attempts of the units that have a verdict. */
async function wholeUnits({ database }: Fleet): Promise<Map<string, number>> {
  const { rows } = await database.query<{ unit: string; attempt: number }>(
    `select unit, attempt from units where verdict = 'complete'`,
  );
  return new Map(rows.map(({ unit, attempt }) => [unit, attempt]));
}

async function redoneOf({ database }: Fleet, before: Map<string, number>): Promise<string[]> {
  const { rows } = await database.query<{ unit: string; attempt: number }>('select unit, attempt from units');
  return rows
    .filter(({ unit, attempt }) => before.has(unit) && before.get(unit) !== attempt)
    .map(({ unit }) => unit);
}

async function newestRun({ database }: Fleet): Promise<{ status: string; workflowId: string }> {
  const { rows } = await database.query<{ status: string; workflowId: string }>(
    'select status, workflow_id as "workflowId" from runs order by opened_at desc limit 1',
  );
  return rows[0]!;
}

/** Resolves when the run has ended, however. */
async function hasEnded(fleet: Fleet): Promise<unknown> {
  return until('the run ends', async () => (await newestRun(fleet)).status !== 'running', 180_000);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
