// All tests, or those of the files and folders named: node's own runner for TypeScript, pytest for Python, and one closing
// line for both.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readJson } from '../setup/files.mjs';
import { findPlaces } from '../setup/places.mjs';

const { checkout, state } = findPlaces();
const named = process.argv.slice(2).map((name) => relative(checkout, resolve(name)));
const unknown = named.find(
  (name) => name.startsWith('..') || !existsSync(join(checkout, name.split('::')[0])),
);
if (unknown !== undefined) {
  console.error(`${unknown} is no test file of ${checkout}.`);
  process.exit(2);
}

/** Test files at a time. Three find both cores of a small machine busy and take as long. */
const concurrency = '2';
const toolchain = readJson(join(state, 'toolchain.json')) ?? {};
const scratch = mkdtempSync(join(tmpdir(), 'sevenfold-tests-'));
/** Every process of this run inherits it, so that what is left at the end can be told from all others. */
const mark = `SEVENFOLD_TEST_RUN=${process.pid}-${Date.now()}`;
const environment = { ...process.env, [mark.split('=')[0]]: mark.split('=')[1] };

/** The stacks that tests started, by the mark of src/stack/part.ts. */
const stacks = new Set();

let current;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    ofThisRun(); // while they live they tell which stacks are theirs
    if (current !== undefined) {
      process.kill(-current.pid, 'SIGTERM');
      await Promise.race([new Promise((resolve) => current.once('exit', resolve)), delay(5_000)]);
    }
    await leftBehind(0);
    rmSync(scratch, { recursive: true, force: true });
    process.exit(128 + constants.signals[signal]);
  });
}

/** Runs to the end with its output passed on; gives the exit code. */
function run(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: checkout,
    env: environment,
    ...options,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a group of its own, which can be ended as a whole
  });
  current = child;
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  }).finally(() => (current = undefined));
}

async function typescript(files) {
  const record = join(scratch, 'typescript.jsonl');
  const reporters = ['spec', 'stdout', './test/support/reporter.mjs', record];
  const parameters = [
    ...['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`],
    ...reporters.map((value, index) => `--test-reporter${index % 2 === 0 ? '' : '-destination'}=${value}`),
    ...files,
  ];
  // The drivers of these tests live for seconds, and what the second compiler takes of a core is never earned back by then:
  // 26 s instead of 40 from start to end of a small job. It changes no figure. Benchmarks run with both. The archive is for
  // drivers of clusters: ours name their own.
  const archive = toolchain.classArchives?.plain;
  const options = ['-XX:TieredStopAtLevel=1', ...(archive ? [`-XX:SharedArchiveFile=${archive}`] : [])];
  const env = { ...environment, SPARK_SUBMIT_OPTS: options.join(' ') };
  const code = await run(process.execPath, parameters, { env });
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
  const results = lines.map((line) => JSON.parse(line));
  return withExitCode('node --test', code, results);
}

async function pytest(files) {
  const record = join(scratch, 'pytest.xml');
  const python = join(checkout, '.venv', 'bin', 'python');
  const code = await run(
    python,
    [
      ...['-m', 'pytest', `--junitxml=${record}`, '-p', 'no:cacheprovider'],
      // A file's tests share a database, and a process's files a Spark session, which one file alone need not start twice.
      ...(files.length > 1 ? ['--numprocesses', concurrency, '--dist', 'loadfile'] : []),
      ...files,
    ],
    {
      cwd: join(checkout, 'spark'),
      env: { ...environment, JAVA_HOME: toolchain.javaHome, PYSPARK_PYTHON: python, PYTHONUNBUFFERED: '1' },
    },
  );
  const xml = existsSync(record) ? readFileSync(record, 'utf8') : '';
  const results = [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, attributes, body = '']) => {
      const [, file = ''] = /\bclassname="([^"]*)"/.exec(attributes) ?? [];
      const [, seconds = '0'] = /\btime="([^"]*)"/.exec(attributes) ?? [];
      const [, name = '?'] = /\bname="([^"]*)"/.exec(attributes) ?? [];
      const result = /<(failure|error)\b/.test(body)
        ? 'failed'
        : body.includes('<skipped')
          ? 'skipped'
          : 'passed';
      return { result, name: unescape(name), file: `spark ${file}`, seconds: Number(seconds) };
    },
  );
  return withExitCode('pytest', code, results);
}

function unescape(text) {
  const signs = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => signs[name]);
}

/** A runner that fails without naming a test has failed all the same. */
function withExitCode(name, code, results) {
  const unexplained = code !== 0 && !results.some(({ result }) => result === 'failed');
  return unexplained ? [...results, { result: 'failed', name: `exit code ${code}`, file: name }] : results;
}

/** Ends what the tests started and did not stop, after some patience; names it. */
async function leftBehind(patienceMs) {
  const deadline = Date.now() + patienceMs;
  let left = ofThisRun();
  while (left.length > 0 && Date.now() < deadline) {
    await delay(100);
    left = ofThisRun();
  }
  // Once more for what was being started at that moment.
  for (let rest = left; rest.length > 0; rest = ofThisRun()) {
    for (const { pid } of rest) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone in this moment
      }
    }
    await delay(50);
  }
  return left;
}

/** Our processes by their mark, and those of the stacks that they started: PostgreSQL gets a clean environment. */
function ofThisRun() {
  const all = process.platform === 'linux' ? readdirSync('/proc').flatMap(describe) : [];
  const marked = all.filter(({ variables }) => variables.includes(mark));
  for (const { stack } of marked) if (stack !== undefined) stacks.add(stack);
  return all.filter(({ variables, stack }) => variables.includes(mark) || stacks.has(stack));
}

function describe(name) {
  if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
  try {
    const variables = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
    const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const [, stack] =
      /^SEVENFOLD_PART=([^/]*)/.exec(variables.find((one) => one.startsWith('SEVENFOLD_PART=')) ?? '') ?? [];
    return command === '' ? [] : [{ pid: Number(name), command: command.slice(0, 120), variables, stack }];
  } catch {
    return []; // ended, or not ours to read
  }
}

function found(folder, pattern) {
  return readdirSync(join(checkout, folder), { recursive: true })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
    .sort();
}

const [forPytest, forNode] = [true, false].map((wanted) =>
  named.filter((name) => name.startsWith('spark') === wanted),
);
const typescriptFiles = (named.length > 0 ? forNode : ['test']).flatMap((name) =>
  statSync(join(checkout, name)).isDirectory() ? found(name, /\.test\.ts$/) : [name],
);
const pythonFiles = named.length > 0 ? forPytest : found(join('spark', 'tests'), /(^|\/)test_[^/]*\.py$/);

/** One PostgreSQL for all tests of this run, each of which clones its own database in it. */
async function startPostgres() {
  const { register } = await import('tsx/esm/api');
  register();
  const { startTestPostgres } = await import('./support/postgres.ts');
  return startTestPostgres();
}

// A stack's mark is learnt while one of its marked processes lives: tests kill them, and PostgreSQL may be left alone.
setInterval(ofThisRun, 1_000).unref();

const results = [];
const postgres = await startPostgres().catch((error) => {
  results.push({ result: 'failed', name: error.message, file: 'PostgreSQL for the tests' });
});
if (postgres !== undefined) environment.SEVENFOLD_TEST_POSTGRES = postgres.url;
if (typescriptFiles.length > 0) results.push(...(await typescript(typescriptFiles)));
if (pythonFiles.length > 0)
  results.push(...(await pytest(pythonFiles.map((name) => relative('spark', name)))));
for (const { pid, command } of await leftBehind(5_000)) {
  results.push({ result: 'failed', name: `left process ${pid} behind: ${command}`, file: 'all tests' });
}
await postgres?.stop().catch((error) => {
  results.push({ result: 'failed', name: error.message, file: 'PostgreSQL for the tests' });
});
rmSync(scratch, { recursive: true, force: true });

/** Where the time of a long run went. */
function slowest() {
  const byFile = new Map();
  for (const { file = '', seconds = 0 } of results) byFile.set(file, (byFile.get(file) ?? 0) + seconds);
  return [...byFile]
    .filter(([, seconds]) => seconds >= 10)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20);
}
for (const [file, seconds] of slowest()) {
  console.log(`${Math.round(seconds)} s in ${file.startsWith('/') ? relative(checkout, file) : file}`);
}

const count = (wanted) => results.filter(({ result }) => result === wanted).length;
for (const { name, file } of results.filter(({ result }) => result === 'failed')) {
  console.log(`failed: ${file ? `${relative(checkout, resolve(checkout, file))}: ` : ''}${name}`);
}
const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
console.log(`${count('passed')} passed, ${count('failed')} failed${skipped}`);
process.exitCode = count('failed') === 0 && results.length > 0 ? 0 : 1;
