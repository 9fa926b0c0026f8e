// Shows that the tests catch what they are there for: plants one fault after the other into a copy of this checkout and
// runs the tests there that should notice.
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPlaces } from '../setup/places.mjs';

const { checkout, state } = findPlaces();

/**
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} what     the fault, as one would tell it
 * @property {string} file
 * @property {string} find     stands in the file exactly once
 * @property {string} replace
 * @property {string[]} tests  the files that should catch it
 */

/** @type {Mutant[]} */
const mutants = [
  {
    name: 'fence-of-jobs',
    what: 'a job commits its rows whatever the attempt',
    file: 'spark/sevenfold_jobs/common/batch.py',
    find: ' and attempt = %(attempt)s\n            """',
    replace: '\n            """',
    tests: ['spark/tests/common/test_batch.py'],
  },
  {
    name: 'fence-of-activities',
    what: 'an activity commits its rows whatever the attempt',
    file: 'src/ledger/units.ts',
    find: 'where run_id = $1 and unit = $2 and attempt = $3`',
    replace: 'where run_id = $1 and unit = $2`',
    tests: ['test/ledger/fence.test.ts'],
  },
  {
    name: 'adoption',
    what: 'a batch that runs already is created anew',
    file: 'src/activities/run-batch.ts',
    find: '  if (!seen) {\n',
    replace: '  {\n',
    tests: ['test/activities/run-batch.test.ts'],
  },
  {
    name: 'verification-of-figures',
    what: 'metrics are whole with figures that are not finite',
    file: 'src/kinds/daily/sql/metrics.sql',
    find: "'finite figures', 'block', not_finite = 0,",
    replace: "'finite figures', 'block', true,",
    tests: ['test/activities/pool-phases.test.ts'],
  },
  {
    name: 'verification-of-paths',
    what: 'a forecast date is whole with as many paths, whatever their numbers',
    file: 'src/kinds/backfill/sql/forecast-dates.sql',
    find: ' and paths.first = 1 and paths.last = $5\n',
    replace: '\n',
    tests: ['test/ledger/plans.test.ts'],
  },
  {
    name: 'fingerprint-of-phases',
    what: 'values that were revised do not change what a phase would read',
    file: 'src/kinds/daily/reads.ts',
    find: 'return `(select greatest(max(change_seq),',
    replace: 'return `(select greatest(count(*),',
    tests: ['test/activities/pool-phases.test.ts'],
  },
  {
    name: 'fingerprint-of-boosters',
    what: 'a stored booster stands whatever the history it learnt from',
    file: 'spark/sevenfold_jobs/pool_forecast/fingerprints.py',
    find: 'digest.update(_between(self._history, self._day, reach, cutoff))',
    replace: '',
    tests: ['spark/tests/pool_forecast/test_fingerprints.py'],
  },
  {
    name: 'budget',
    what: 'a run never pauses at its budget',
    file: 'src/ledger/batches.ts',
    find: 'committed.usd + $3::numeric > budget_usd as over',
    replace: 'committed.usd + $3::numeric < 0 as over',
    tests: ['test/ledger/budget.test.ts'],
  },
  {
    name: 'order-of-phases',
    what: 'a day is allocated before it is filtered',
    file: 'src/kinds/daily/phases.ts',
    find: "  'filter',\n  'allocate',\n",
    replace: "  'allocate',\n  'filter',\n",
    tests: ['test/replay/replay.test.ts'],
  },
  {
    name: 'priority',
    what: 'daily runs and backfills wait as equals',
    file: 'src/planning/priorities.ts',
    find: 'backfillPriority = 5;',
    replace: 'backfillPriority = 1;',
    tests: ['test/workflows/forecast-backfill.test.ts'],
  },
  {
    name: 'cancel-of-batches',
    what: 'a cancel counts the batches of a run and ends none',
    file: 'src/activities/end-batches.ts',
    find: '      await endOrClose(deps, batch);\n',
    replace: '',
    tests: ['test/ledger/budget.test.ts'],
  },
  {
    name: 'cancel-of-runs',
    what: 'a cancelled run is closed while its batches run on',
    file: 'src/workflows/run-control.ts',
    find: '      await engineActivities(engine).cancelBatches({ runId });\n',
    replace: '',
    tests: ['test/workflows/daily-pipeline.test.ts'],
  },
  {
    name: 'escaping',
    what: 'a page lets < through',
    file: 'src/pages/html.ts',
    find: `/[&<>"']/g`,
    replace: `/[&>"']/g`,
    tests: ['test/pages/html.test.ts'],
  },
  {
    name: 'bound-values',
    what: "a run's key is written into the SQL",
    file: 'src/ledger/runs.ts',
    find: 'from runs where key = $1`, [key])',
    replace: "from runs where key = '${key}'`)",
    tests: ['test/ledger/runs.test.ts'],
  },
];

const usage = `Usage: npm run mutants [-- <name> …]

Plants faults, one at a time, in a copy of this checkout (with what is not committed yet) in the system's folder for
temporary files, and runs the tests there that should catch each: all of them are tests of \`npm test\`. They are run once
without a fault first. Needs the set-up of \`node setup.mjs --tests\`; the copy shares it and is removed at the end.

Ends with "<number> of <number> caught", and with exit code 1 when a fault survived.

${mutants.map(({ name, what }) => `  ${name.padEnd(24)} ${what}`).join('\n')}
`;

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function parameters() {
  try {
    return parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    return refuse(`${error.message}\n\n${usage}`);
  }
}

const { values, positionals } = parameters();
if (values.help) {
  process.stdout.write(usage);
  process.exit();
}
const unknown = positionals.find((name) => !mutants.some((mutant) => mutant.name === name));
if (unknown !== undefined)
  refuse(`There is no mutant "${unknown}": ${mutants.map(({ name }) => name).join(', ')}.`);
const chosen = mutants.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

/** The file with the fault in it. What the fault takes the place of may have been rewritten since. */
function withFault({ name, file, find, replace, tests }) {
  const missing = [file, ...tests].find((path) => !existsSync(join(checkout, path)));
  if (missing !== undefined) refuse(`Mutant ${name}: there is no ${missing}.`);
  const parts = readFileSync(join(checkout, file), 'utf8').split(find);
  if (parts.length !== 2)
    refuse(
      `Mutant ${name}: what it replaces stands ${parts.length - 1} times in ${file}, not once:\n${find}`,
    );
  return parts.join(replace);
}
const faulty = new Map(chosen.map((mutant) => [mutant, withFault(mutant)]));

const shared = { packages: join(checkout, 'node_modules'), python: join(checkout, '.venv') };
/** What set-up leaves in the state folder; all else there belongs to the stack of this checkout. */
const setUp = ['toolchain.json', 'bin'];
if (![shared.packages, shared.python, ...setUp.map((name) => join(state, name))].every(existsSync))
  refuse('This checkout is not set up for tests: node setup.mjs --tests');

const copy = mkdtempSync(join(realpathSync(tmpdir()), 'sevenfold-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));

let current;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    const end = () => process.exit(128 + constants.signals[signal]);
    if (current === undefined) return end();
    current.once('exit', end);
    current.kill('SIGTERM'); // the test run ends whatever it started
  });
}

function makeCopy() {
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  for (const name of listed.split('\0').filter((each) => each !== '' && existsSync(join(checkout, each)))) {
    mkdirSync(join(copy, dirname(name)), { recursive: true });
    copyFileSync(join(checkout, name), join(copy, name));
  }
  // A folder of its own, not one link: programs are bundled into it, and they find the checkout from where they lie.
  const packages = join(copy, 'node_modules');
  mkdirSync(packages);
  for (const name of readdirSync(shared.packages).filter((each) => each !== '.cache'))
    symlinkSync(join(shared.packages, name), join(packages, name));
  const bundles = join('.cache', 'sevenfold');
  if (existsSync(join(shared.packages, bundles)))
    cpSync(join(shared.packages, bundles), join(packages, bundles), { recursive: true });
  symlinkSync(shared.python, join(copy, '.venv'));
  mkdirSync(join(copy, '.sevenfold'));
  for (const name of setUp) symlinkSync(join(state, name), join(copy, '.sevenfold', name));
}

async function runTests(tests) {
  const { SEVENFOLD_STATE: _, ...env } = process.env; // it may name this checkout's
  const started = performance.now();
  let said = '';
  current = spawn(process.execPath, ['test/run.mjs', ...tests], {
    cwd: copy,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // Ctrl-C is passed on once
  });
  for (const stream of [current.stdout, current.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => (said += text));
  }
  const code = await new Promise((resolve) => current.once('close', resolve));
  current = undefined;
  return { code, said, seconds: ((performance.now() - started) / 1000).toFixed(1) };
}

/** How a test run's closing lines call a file. */
function labelOf(test) {
  return test.endsWith('.py')
    ? `spark ${test.slice('spark/'.length, -'.py'.length).replaceAll('/', '.')}`
    : test;
}

/** The first test that failed. A file that cannot even be loaded has caught nothing: the fault is badly made. */
function firstFailure(said, tests) {
  const starts = tests.map((test) => `failed: ${labelOf(test)}: `);
  return said
    .split('\n')
    .filter((line) => !line.endsWith(': the file was not run to its end'))
    .find((line) => starts.some((start) => line.startsWith(start)))
    ?.slice('failed: '.length);
}

const lastLines = (said) => said.trimEnd().split('\n').slice(-40).join('\n');

makeCopy();
const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
console.log(`Without a fault: ${tests.join(', ')}`);
const healthy = await runTests(tests);
if (healthy.code !== 0) {
  console.log(lastLines(healthy.said));
  console.log('The tests fail without any fault, so they can show nothing.');
  process.exit(1);
}
console.log(`  ${healthy.said.trimEnd().split('\n').at(-1)}, after ${healthy.seconds} s`);

let caught = 0;
for (const [mutant, content] of faulty) {
  const { name, what, file } = mutant;
  console.log(`${name}: ${what}`);
  const original = readFileSync(join(copy, file), 'utf8');
  writeFileSync(join(copy, file), content);
  const { code, said, seconds } = await runTests(mutant.tests);
  writeFileSync(join(copy, file), original);
  const failure = firstFailure(said, mutant.tests);
  if (failure !== undefined) {
    caught += 1;
    console.log(`  caught after ${seconds} s by ${failure}`);
    continue;
  }
  if (code !== 0) console.log(lastLines(said));
  console.log(
    code === 0
      ? `  SURVIVED ${mutant.tests.join(', ')} (${seconds} s)`
      : `  SURVIVED: ${mutant.tests.join(', ')} could not be run with it (${seconds} s)`,
  );
}
console.log(`${caught} of ${faulty.size} caught`);
process.exitCode = caught === faulty.size ? 0 : 1;
