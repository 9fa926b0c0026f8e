import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { readConfig } from '../../src/config.ts';
import { packCode } from '../../src/engines/code-package.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';

const config = readConfig();
const spark = path.join(config.checkout, 'spark');

function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-code-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small tree such as spark/ is. */
function tree(t: TestContext): string {
  const folder = scratch(t);
  mkdirSync(path.join(folder, 'sevenfold_jobs', 'one', 'sql'), { recursive: true });
  write(folder, 'run_batch.py', 'main()');
  write(folder, 'sevenfold_jobs/__init__.py', '');
  write(folder, 'sevenfold_jobs/one/main.py', 'print(1)');
  write(folder, 'sevenfold_jobs/one/settings.json', '{}');
  write(folder, 'sevenfold_jobs/one/sql/read.sql', 'select 1');
  return folder;
}

function write(folder: string, name: string, content: string): void {
  writeFileSync(path.join(folder, name), content);
}

test('the same files are the same bytes under the same hash, wherever and whenever they were checked out', (t) => {
  const here = tree(t);
  const there = path.join(scratch(t), 'elsewhere');
  cpSync(here, there, { recursive: true });
  for (const name of readdirSync(there, { recursive: true, encoding: 'utf8' })) {
    utimesSync(path.join(there, name), new Date(2001, 1, 1), new Date(2001, 1, 1));
  }
  const [first, second] = [packCode([here]), packCode([there])];
  assert.match(first.hash, /^[0-9a-f]{16}$/);
  assert.equal(second.hash, first.hash);
  assert.deepEqual(Buffer.from(second.zip), Buffer.from(first.zip));
});

test('the time zone of whoever packs changes no byte', async () => {
  const line = `const { packCode } = await import('./src/engines/code-package.ts');
    const { createHash } = await import('node:crypto');
    console.log(createHash('sha256').update(packCode(['spark']).zip).digest('hex'));`;
  const packedIn = async (TZ: string): Promise<string> => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', line];
    return (await run(process.execPath, args, { cwd: config.checkout, env: { ...process.env, TZ } })).stdout;
  };
  const [east, west] = await Promise.all([packedIn('Pacific/Auckland'), packedIn('America/Los_Angeles')]);
  assert.match(east, /^[0-9a-f]{64}\n$/);
  assert.equal(east, west);
});

test('an edit, a new name, a file more or less: each is another hash', (t) => {
  const folder = tree(t);
  const hash = (): string => packCode([folder]).hash;
  const seen = new Set([hash()]);
  const edits: [string, () => void][] = [
    ['a module', () => write(folder, 'sevenfold_jobs/one/main.py', 'print(2)')],
    ['an empty module', () => write(folder, 'sevenfold_jobs/__init__.py', '\n')],
    ['a statement', () => write(folder, 'sevenfold_jobs/one/sql/read.sql', 'select 2')],
    ['a setting', () => write(folder, 'sevenfold_jobs/one/settings.json', '{"a":1}')],
    ['the entry', () => write(folder, 'run_batch.py', 'main(1)')],
    ['a new file', () => write(folder, 'sevenfold_jobs/one/two.py', '')],
    [
      'a moved file',
      () => {
        rmSync(path.join(folder, 'sevenfold_jobs/one/two.py'));
        write(folder, 'sevenfold_jobs/one/three.py', '');
      },
    ],
    // Content that wanders from one file into its neighbour must not cancel out.
    [
      'two contents exchanged',
      () => {
        write(folder, 'sevenfold_jobs/one/main.py', '');
        write(folder, 'sevenfold_jobs/one/three.py', 'print(2)');
      },
    ],
  ];
  for (const [what, edit] of edits) {
    edit();
    const now = hash();
    assert.ok(!seen.has(now), `${what} ships stale code`);
    seen.add(now);
  }
});

test('what Python and editors leave behind is neither packed nor hashed', (t) => {
  const folder = tree(t);
  const before = packCode([folder]);
  mkdirSync(path.join(folder, 'sevenfold_jobs', 'one', '__pycache__'));
  write(folder, 'sevenfold_jobs/one/__pycache__/main.cpython-312.pyc', 'compiled');
  write(folder, 'sevenfold_jobs/one/__pycache__/stray.py', 'compiled');
  write(folder, 'sevenfold_jobs/one/main.py~', 'older');
  assert.equal(packCode([folder]).hash, before.hash);
  assert.deepEqual(
    Object.keys(unzipSync(packCode([spark]).zip)).filter((name) => /__pycache__|\.pyc$/.test(name)),
    [],
  );
});

test('every file that lies in the real package is packed', () => {
  const lying = readdirSync(path.join(spark, 'sevenfold_jobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.pyc$/.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => path.relative(spark, path.join(entry.parentPath, entry.name)));
  assert.deepEqual(Object.keys(unzipSync(packCode([spark]).zip)).sort(), lying.sort());
});

test('jobs of a further folder are packed beside ours', (t) => {
  const [ours, theirs] = [tree(t), tree(t)];
  rmSync(path.join(theirs, 'run_batch.py'));
  mkdirSync(path.join(theirs, 'sevenfold_jobs', 'extra'));
  write(theirs, 'sevenfold_jobs/extra/main.py', 'print(3)');
  const both = packCode([ours, theirs]);
  const names = Object.keys(unzipSync(both.zip));
  assert.ok(names.includes('sevenfold_jobs/one/main.py') && names.includes('sevenfold_jobs/extra/main.py'));
  assert.notEqual(both.hash, packCode([ours]).hash);
});

test('Python imports every job from the archive, and the entry tells its arguments', async (t) => {
  const folder = scratch(t);
  const { zip, entry } = packCode([spark]);
  writeFileSync(path.join(folder, 'jobs.zip'), zip);
  writeFileSync(path.join(folder, 'run_batch.py'), entry);
  const { python } = locateToolchain(config.stateFolder);
  const options = {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: path.join(folder, 'jobs.zip'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  };
  const jobs = Object.keys(unzipSync(zip)).flatMap(
    (name) => /^sevenfold_jobs\/(\w+)\/main\.py$/.exec(name)?.[1] ?? [],
  );
  assert.ok(jobs.includes('forecast_infer') && jobs.length > 5);
  const lines = [
    'import importlib, sevenfold_jobs',
    `print(sevenfold_jobs.__file__)`,
    ...jobs.map((job) => `importlib.import_module("sevenfold_jobs.${job}.main")`),
  ];
  const imported = await run(python, ['-c', lines.join('\n')], options);
  assert.match(
    imported.stdout,
    /jobs\.zip\/sevenfold_jobs\/__init__\.py$/m,
    'from the archive and nowhere else',
  );
  const help = await run(python, ['run_batch.py', '--help'], options);
  assert.match(help.stdout, /--request[^]*--results/);
});

const run = promisify(execFile);
