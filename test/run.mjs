// Tests: node's own runner for TypeScript, pytest for Python, and one closing line for both. `--help` says the rest.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readJson } from '../setup/files.mjs';
import { findPlaces } from '../setup/places.mjs';
import { buildTests, scriptOf, sourceOf } from './build.mjs';
import { leftBehind, ofRun, stackOf } from './left-behind.mjs';
import { watchStarted } from './started.mjs';

const help = `npm test [-- <file or folder> …]   everything that protects a change, or these files alone
  --only <name>    only tests whose name contains this
  --watch          run the TypeScript files again whenever they or what they import change
  --all            the products of everything with everything as well (npm run test:all)
  --slice [<n>]    and one sixth of those; without a number, the one whose turn it is by the count of commits
  --slices         list what is in which sixth, and run nothing
  --names <file>   write the names of all tests that ran
  --started <file> write what each test file started and what that took of the processors, as JSON`;

const { checkout, state } = findPlaces();
const { options, named } = readArguments(process.argv.slice(2));

function readArguments(given) {
  // A slice may go without its number.
  const args = given.flatMap((one, at) =>
    one === '--slice' && !/^\d+$/.test(given[at + 1] ?? '') ? ['--slice', 'next'] : [one],
  );
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        only: { type: 'string' },
        watch: { type: 'boolean' },
        all: { type: 'boolean' },
        slice: { type: 'string' },
        slices: { type: 'boolean' },
        names: { type: 'string' },
        started: { type: 'string' },
      },
    });
    return { options: values, named: positionals.map((name) => relative(checkout, resolve(name))) };
  } catch (error) {
    console.error(`${error.message}\n\n${help}`);
    process.exit(2);
  }
}

if (options.help) {
  console.log(help);
  process.exit(0);
}
const unknown = named.find(
  (name) => name.startsWith('..') || !existsSync(join(checkout, name.split('::')[0])),
);
if (unknown !== undefined) {
  console.error(`${unknown} is no test file of ${checkout}.`);
  process.exit(2);
}

const { register } = await import('tsx/esm/api');
register();
const { rest, slices, takenOfRest } = await import('./tiers.ts');
const slice = options.slice === 'next' ? commitCount() % slices : Number(options.slice);
if (options.slice !== undefined && !(slice < slices)) {
  console.error(`There is no slice ${options.slice}: there are 0 to ${slices - 1}.`);
  process.exit(2);
}
process.env.SEVENFOLD_TEST_REST = options.all ? 'all' : options.slice === undefined ? '' : String(slice);

function commitCount() {
  return Number(execFileSync('git', ['rev-list', '--count', 'HEAD'], { cwd: checkout, encoding: 'utf8' }));
}

if (options.slices) {
  for (let number = 0; number < slices; number += 1) {
    const items = rest.filter((item) => item.slice === number);
    console.log(`slice ${number}: ${items.length} of ${rest.length}`);
    for (const { file, title = 'the whole file' } of items) console.log(`  ${file}: ${title}`);
  }
  console.log(`It is the turn of slice ${commitCount() % slices}.`);
  process.exit(0);
}

/** Test files, and processes of pytest, at a time. Three find both cores of a small machine busy and take as long. */
const concurrency = '2';
const toolchain = readJson(join(state, 'toolchain.json')) ?? {};
const scratch = mkdtempSync(join(tmpdir(), 'sevenfold-tests-'));
/** Every process of this run inherits it, which marks what this run leaves behind. */
const mark = `SEVENFOLD_TEST_RUN=${process.pid}-${Date.now()}`;
const environment = {
  ...process.env,
  [mark.split('=')[0]]: mark.split('=')[1],
  // Each start of Spark is two JVMs, of which the first only writes the command line of the second.
  SPARK_LAUNCHER_OPTS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
  // The data that some tests read, where they are; Python's tests do not know where to look.
  SEVENFOLD_SHARED: process.env.SEVENFOLD_SHARED || join(checkout, '..', 'shared'),
  // What the files share belongs to this process, and is started by whichever asks first.
  SEVENFOLD_TEST_OWNER: String(process.pid),
};
process.env.SEVENFOLD_TEST_OWNER = environment.SEVENFOLD_TEST_OWNER;

/** What belongs to this run: processes by `mark`, and the stacks that its tests started, by the mark of src/stack/part.ts. */
const ours = { mark, stacks: new Set() };

let current;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    ofRun(ours); // while they live they tell which stacks are theirs
    if (current !== undefined) {
      process.kill(-current.pid, 'SIGTERM');
      await Promise.race([new Promise((resolve) => current.once('exit', resolve)), delay(5_000)]);
    }
    await leftBehind(ours, 0);
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
  const built = options.watch ? undefined : await buildTests(checkout, files);
  const parameters = [
    ...['--test', `--test-concurrency=${concurrency}`, '--import', './test/support/marked.mjs'],
    ...(options.only === undefined ? [] : [`--test-name-pattern=${literally(options.only)}`]),
    ...(options.watch
      ? ['--import', 'tsx', '--watch', ...files]
      : [
          ...reporters.map(
            (value, index) => `--test-reporter${index % 2 === 0 ? '' : '-destination'}=${value}`,
          ),
          ...files.map((file) => scriptOf(built, file)),
        ]),
  ];
  // The drivers of these tests live for seconds, and what the second compiler takes of a core is never earned back by then:
  // 26 s instead of 40 from start to end of a small job. It changes no figure. Benchmarks run with both. The archive is for
  // drivers of clusters: ours name their own.
  const archive = toolchain.classArchives?.plain;
  const javaOptions = ['-XX:TieredStopAtLevel=1', ...(archive ? [`-XX:SharedArchiveFile=${archive}`] : [])];
  const env = {
    ...environment,
    SPARK_SUBMIT_OPTS: javaOptions.join(' '),
    ...(built !== undefined && { SEVENFOLD_TEST_SCRIPTS: built }),
  };
  try {
    const code = await run(process.execPath, parameters, { env });
    const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
    const found = lines.map((line) => JSON.parse(line));
    const results = found.map((each) => ({ ...each, file: sourceOf(built, each) }));
    return withExitCode('node --test', code, results);
  } finally {
    if (built !== undefined) rmSync(built, { recursive: true, force: true });
  }
}

function literally(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

async function pytest(files) {
  const record = join(scratch, 'pytest.xml');
  const cost = join(scratch, 'pytest-cost.jsonl');
  const python = join(checkout, '.venv', 'bin', 'python');
  const code = await run(
    python,
    [
      ...['-m', 'pytest', `--junitxml=${record}`, '-p', 'no:cacheprovider'],
      // A file's tests share a database, and a process's files a Spark session, which one file alone need not start twice.
      ...(files.length > 1 ? ['--numprocesses', concurrency, '--dist', 'loadfile'] : []),
      ...(options.only === undefined ? [] : ['-k', options.only]),
      ...leftToRest.flatMap(({ file, title }) => ['--deselect', `${relative('spark', file)}::${title}`]),
      ...files,
    ],
    {
      cwd: join(checkout, 'spark'),
      env: {
        ...environment,
        JAVA_HOME: toolchain.javaHome,
        PYSPARK_PYTHON: python,
        PYTHONUNBUFFERED: '1',
        SEVENFOLD_TEST_COST: cost,
      },
    },
  );
  const costs = existsSync(cost) ? readFileSync(cost, 'utf8').split('\n').filter(Boolean) : [];
  pythonCost = costs.map((line) => JSON.parse(line));
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

function found(folder, pattern) {
  return readdirSync(join(checkout, folder), { recursive: true })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
    .sort();
}

const [forPytest, forNode] = [true, false].map((wanted) =>
  named.filter((name) => name.startsWith('spark') === wanted),
);
/** Files of which no test runs unless the rest is asked for, or the file by its name. */
const leftOut = new Set(
  rest.filter((item) => item.title === undefined && !takenOfRest(item)).map(({ file }) => file),
);
const typescriptFiles = (named.length > 0 ? forNode : ['test']).flatMap((name) =>
  statSync(join(checkout, name)).isDirectory()
    ? found(name, /\.test\.ts$/).filter((file) => !leftOut.has(file))
    : [name],
);
/** Single tests of Python likewise; those of TypeScript look by themselves. */
const leftToRest =
  named.length > 0
    ? []
    : rest.filter((item) => item.file.startsWith('spark') && item.title && !takenOfRest(item));
const pythonFiles = (named.length > 0 ? forPytest : [join('spark', 'tests')]).flatMap((name) =>
  existsSync(join(checkout, name)) && statSync(join(checkout, name)).isDirectory()
    ? found(name, /(^|\/)test_[^/]*\.py$/)
    : [name],
);

// A stack's mark is learnt while one of its marked processes lives: tests kill them, and PostgreSQL may be left alone.
const started = watchStarted(mark.split('=')[1], (environment) => {
  const stack = stackOf(environment.split('\0'));
  if (stack !== undefined) ours.stacks.add(stack);
});
const startedAt = performance.now();

const results = [];
/** By test file of Python: see spark/tests/conftest.py. */
let pythonCost = [];
const { preparePostgres } = await import('./support/postgres.ts');
const { stopShared } = await import('./support/shared.ts');
const reported = (file) => (error) => void results.push({ result: 'failed', name: error.message, file });
// Before the files that ask for it, which would wait; a single file of pure functions asks for nothing.
const postgres = named.length === 0 || pythonFiles.length > 0 ? preparePostgres() : undefined;
postgres?.catch(() => undefined); // said below, and by each file that asks
if (typescriptFiles.length > 0)
  results.push(...(await typescript(typescriptFiles).catch(failure('test files'))));
if (pythonFiles.length > 0) {
  environment.SEVENFOLD_TEST_POSTGRES = await postgres.catch(reported('PostgreSQL for the tests'));
  results.push(...(await pytest(pythonFiles.map((name) => relative('spark', name)))));
}
for (const { pid, command } of await leftBehind(ours, 5_000)) {
  results.push({ result: 'failed', name: `left process ${pid} behind: ${command}`, file: 'all tests' });
}
await stopShared().catch(reported('what the tests share'));
rmSync(scratch, { recursive: true, force: true });

function failure(file) {
  return (error) => [{ result: 'failed', name: error.message, file }];
}

/** What each file took of the processors; pytest's processes count their own files, and what these start. */
function byFile() {
  const ofPython = pythonCost.map(({ file, seconds }) => ({ file: `spark/${file}`, seconds, kinds: [] }));
  return [...started.byFile(), ...ofPython].sort((a, b) => b.seconds - a.seconds);
}

/** Where the time of a long run went. */
function slowest() {
  const byFile = new Map();
  for (const { file = '', seconds = 0 } of results) byFile.set(file, (byFile.get(file) ?? 0) + seconds);
  return [...byFile]
    .filter(([, seconds]) => seconds >= 10)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20);
}
const minutes = (performance.now() - startedAt) / 60_000;
const taken = rest.filter(takenOfRest).length;
const tier = options.all
  ? `all of the rest (${taken})`
  : options.slice === undefined
    ? 'none of the rest'
    : `slice ${slice} of the rest (${taken} of ${rest.length})`;
if (named.length === 0) console.log(`\nRan what protects a change and ${tier} in ${minutes.toFixed(1)} min.`);
if (typescriptFiles.length + pythonFiles.length > 1) {
  started.stop();
  const say = ([kind, count, seconds]) => `${count} ${kind} ${Math.round(seconds)} s`;
  const kinds = started.byKind().map(say);
  if (kinds.length > 0) console.log(`Started, with seconds of a core: ${kinds.join(', ')}.`);
  for (const { file, seconds, kinds } of byFile()
    .filter(({ seconds }) => seconds >= 5)
    .slice(0, 25)) {
    console.log(`${Math.round(seconds)} s of a core for ${file}: ${kinds.slice(0, 4).map(say).join(', ')}`);
  }
}
for (const [file, seconds] of slowest()) {
  console.log(`${Math.round(seconds)} s in ${file.startsWith('/') ? relative(checkout, file) : file}`);
}
if (options.started !== undefined)
  writeFileSync(
    options.started,
    `${JSON.stringify({ kinds: started.byKind(), files: byFile() }, null, 1)}\n`,
  );
if (options.names !== undefined) {
  const names = results.map(
    ({ file, name }) => `${relative(checkout, resolve(checkout, file ?? ''))}: ${name}`,
  );
  writeFileSync(options.names, `${names.sort().join('\n')}\n`);
}

const count = (wanted) => results.filter(({ result }) => result === wanted).length;
for (const { name, file } of results.filter(({ result }) => result === 'failed')) {
  console.log(`failed: ${file ? `${relative(checkout, resolve(checkout, file))}: ` : ''}${name}`);
}
const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
console.log(`${count('passed')} passed, ${count('failed')} failed${skipped}`);
process.exitCode = count('failed') === 0 && results.length > 0 ? 0 : 1;
