import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { addressesFile, readChosen } from '../../src/stack/chosen.ts';
import { markOf, readRecords } from '../../src/stack/ending.ts';
import { writeJson } from '../../src/stack/files.ts';
import { lockHolder, tryLock } from '../../src/stack/lock.ts';
import { isOurs } from '../../src/stack/ownership.ts';
import { markVariable } from '../../src/stack/ownership.ts';
import { recordFile } from '../../src/stack/part.ts';
import { identify, isSame, processesMarked } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { readStack, stackStatus, takeDown, wipe } from '../../src/stack/stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { supervisorLock } from '../../src/stack/supervisor.ts';
import { partOf, testStack } from '../support/stack.ts';
import type { TestPart, TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

/** A folder that PostgreSQL's user may enter, so that its data lie in the state folder, for root too. */
function emptyHome(t: TestContext): string {
  const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-copy-')));
  chmodSync(home, 0o755);
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** The whole checkout under another path, as `cp -a` leaves it. */
function copyOf(t: TestContext, { place }: TestStack, parts: TestPart[]): TestStack {
  const home = emptyHome(t);
  execFileSync('cp', ['-a', place.checkout, home]);
  return testStack(t, parts, home);
}

function processesOf({ supervisor, parts }: Stack): ProcessIdentity[] {
  assert.ok(supervisor);
  return [supervisor, ...parts.map(({ name }) => partOf({ parts } as Stack, name))];
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a copy of a running stack sees none of it, starts its own, and ends without it', async (t) => {
  const parts = ['spark', 'worker'];
  const original = testStack(t, parts);
  const running = await original.up();
  const copy = copyOf(t, original, parts);
  const { stateFolder } = copy.place;

  assert.equal(stackStatus(stateFolder), undefined);
  assert.equal(lockHolder(supervisorLock(stateFolder)), undefined);
  assert.deepEqual(readRecords(stateFolder), []);
  await takeDown(copy.place, () => undefined);
  assert.ok(processesOf(running).every(isSame), 'down in the copy ended something of the original');

  const own = await copy.up();
  const theirs = processesOf(running).map(({ pid }) => pid);
  assert.ok(processesOf(own).every(({ pid }) => !theirs.includes(pid)));
  // Nothing listens on Temporal's port here, so both may wish for the same.
  for (const key of ['databaseUrl', 'sparkSocket'] as const) assert.notEqual(own[key], running[key], key);
  assert.deepEqual(await original.up(), running);

  await wipe(copy.place, () => undefined);
  assert.equal(processesOf(own).some(isSame), false);
  assert.deepEqual(await original.up(), running);
});

test('a copied database has its own data, port and end; wiping the copy leaves the original', async (t) => {
  const original = testStack(t, ['postgres'], emptyHome(t));
  const first = await original.up();
  await query(first.databaseUrl, 'create table kept as select 1 as id');
  await takeDown(original.place, () => undefined);
  const copy = copyOf(t, original, ['postgres']);

  const again = await original.up();
  assert.equal(again.databaseUrl, first.databaseUrl);
  const own = await copy.up();
  assert.notEqual(new URL(own.databaseUrl).port, new URL(again.databaseUrl).port);
  assert.deepEqual(await query(own.databaseUrl, 'select id from kept'), [{ id: 1 }]);
  await query(own.databaseUrl, 'drop table kept');
  assert.deepEqual(await query(again.databaseUrl, 'select id from kept'), [{ id: 1 }]);
  assert.equal(
    readChosen(copy.place.stateFolder)?.databaseFolder,
    path.join(copy.place.stateFolder, 'postgres'),
  );

  await wipe(copy.place, () => undefined);
  assert.equal(existsSync(path.join(copy.place.stateFolder, 'postgres')), false);
  assert.deepEqual(await original.up(), again);
  assert.deepEqual(await query(again.databaseUrl, 'select id from kept'), [{ id: 1 }]);
});

test('a checkout that was moved, and one unpacked from the documented backup, find their data', async (t) => {
  const before = testStack(t, ['postgres'], emptyHome(t));
  const { databaseUrl } = await before.up();
  await query(databaseUrl, 'create table kept as select 1 as id');
  await takeDown(before.place, () => undefined);
  const archive = path.join(emptyHome(t), 'state.tar');
  execFileSync('tar', ['--create', `--file=${archive}`, '.sevenfold'], { cwd: before.place.checkout });

  const home = emptyHome(t);
  renameSync(before.place.checkout, path.join(home, 'checkout'));
  const moved = testStack(t, ['postgres'], home);
  const found = await moved.up();
  // Nobody else has the number now, and a person's shell may know it.
  assert.equal(found.databaseUrl, databaseUrl);
  assert.deepEqual(await query(found.databaseUrl, 'select id from kept'), [{ id: 1 }]);

  const other = emptyHome(t);
  mkdirSync(path.join(other, 'checkout'));
  // What the archive says of owners does not hold for everybody who unpacks it.
  execFileSync('tar', ['--extract', '--no-same-owner', `--file=${archive}`], {
    cwd: path.join(other, 'checkout'),
  });
  const restored = await testStack(t, ['postgres'], other).up();
  assert.deepEqual(await query(restored.databaseUrl, 'select id from kept'), [{ id: 1 }]);
});

test('a checkout that is moved while its stack runs ends the processes of the old place', async (t) => {
  const before = testStack(t, ['spark', 'worker']);
  const running = await before.up();
  const home = emptyHome(t);
  renameSync(before.place.checkout, path.join(home, 'checkout'));
  const moved = testStack(t, ['spark', 'worker'], home);
  const own = await moved.up();
  assert.deepEqual(processesOf(running).filter(isSame), []);
  assert.ok(processesOf(own).every(isSame));
  const old = markOf(before.place.stateFolder, '');
  assert.deepEqual(
    processesMarked(markVariable, (value) => value.startsWith(old)),
    [],
  );
});

test('a state folder without the data that it had is refused and not served empty', async (t) => {
  const stack = testStack(t, ['postgres'], emptyHome(t));
  const { stateFolder } = stack.place;
  const gone = path.join(stateFolder, 'postgres');
  writeJson(addressesFile(stateFolder), {
    stateFolder,
    databasePassword: 'x',
    databaseFolder: 'postgres',
    ports: { postgres: { port: 1, proven: true } },
  });
  await assert.rejects(stack.up(), {
    name: 'InvalidInput',
    message: `the data of ${stateFolder} lay in ${gone} and are gone: restore them to ${gone}; or start empty: npx sevenfold down --wipe`,
  });
  const elsewhere = path.join(emptyHome(t), 'postgres');
  mkdirSync(elsewhere);
  writeFileSync(path.join(elsewhere, 'PG_VERSION'), '18\n');
  writeJson(addressesFile(stateFolder), {
    databasePassword: 'x',
    databaseFolder: elsewhere,
    ports: { postgres: { port: 1, proven: true } },
  });
  await assert.rejects(stack.up(), {
    name: 'InvalidInput',
    message: new RegExp(`lie in ${elsewhere}.*cp -a`),
  });
  await wipe(stack.place, () => undefined);
  assert.ok(existsSync(path.join(elsewhere, 'PG_VERSION')), 'wipe removed what is not ours');
});

/** A process that carries the mark of a part of this state folder. */
function markedProcess(t: TestContext, stateFolder: string): ProcessIdentity {
  const env = { ...process.env, [markVariable]: markOf(stateFolder, 'worker') };
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore', env });
  t.after(() => child.kill('SIGKILL'));
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  return identity;
}

test('files of older versions, which name no folder, are believed as far as the process bears them out', async (t) => {
  const [here, copy] = [emptyHome(t), emptyHome(t)];
  const named = markedProcess(t, here);
  await until('it has begun', () => isOurs(named, here));
  assert.equal(isOurs(named, copy), false);
  assert.equal(isOurs({ pid: process.pid, startTime: named.startTime }, here), false);
  const record = { ...named, name: 'worker', needs: [], stop: { signal: 'SIGTERM', graceMs: 1 } };
  for (const folder of [here, copy]) {
    writeJson(recordFile(folder, 'worker'), record);
    writeJson(supervisorLock(folder), named);
    writeJson(path.join(folder, 'stack.json'), {
      sparkSocket: `/tmp/sevenfold-0-${markOf(here, '').slice(0, 8)}/keeper.sock`,
    });
    writeJson(addressesFile(folder), {
      databasePassword: 'x',
      databaseFolder: path.join(here, 'postgres'),
      ports: { postgres: { port: 21_000, proven: true } },
    });
    mkdirSync(path.join(folder, 'postgres'));
    writeFileSync(path.join(folder, 'postgres', 'PG_VERSION'), '18\n');
  }
  assert.deepEqual(
    readRecords(here).map(({ pid }) => pid),
    [named.pid],
  );
  assert.deepEqual(readRecords(copy), []);
  assert.equal(lockHolder(supervisorLock(here))?.pid, named.pid);
  assert.equal(lockHolder(supervisorLock(copy)), undefined);
  assert.equal(tryLock(supervisorLock(copy)), true);
  assert.ok(readStack(here));
  assert.equal(readStack(copy), undefined);
  assert.deepEqual([readChosen(here)?.from, readChosen(copy)?.from], [undefined, here]);
  for (const folder of [here, copy])
    assert.equal(readChosen(folder)?.databaseFolder, path.join(folder, 'postgres'));
  assert.ok(isSame(named));
});

test('a stack that is reached through a symbolic link is the same stack', async (t) => {
  const stack = testStack(t, ['worker']);
  const running = await stack.up();
  const link = path.join(emptyHome(t), 'link');
  symlinkSync(stack.place.checkout, link);
  const stateFolder = path.join(link, '.sevenfold');
  assert.equal(markOf(stateFolder, 'worker'), markOf(stack.place.stateFolder, 'worker'));
  assert.deepEqual(readStack(stateFolder), running);
  assert.equal(lockHolder(supervisorLock(stateFolder))?.pid, running.supervisor?.pid);
  await takeDown({ stateFolder }, () => undefined);
  assert.equal(processesOf(running).some(isSame), false);
});

test('wipe leaves what others put into the folder', async (t) => {
  const stack = testStack(t, ['worker']);
  await stack.up();
  const { stateFolder } = stack.place;
  writeFileSync(path.join(stateFolder, 'thesis.tex'), 'years');
  const said: string[] = [];
  await wipe(stack.place, (line) => said.push(line));
  assert.equal(readFileSync(path.join(stateFolder, 'thesis.tex'), 'utf8'), 'years');
  assert.ok(said.some((line) => line.includes('thesis.tex')));
  rmSync(path.join(stateFolder, 'thesis.tex'));
});
