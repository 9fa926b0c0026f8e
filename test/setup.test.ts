import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';
import {
  assertOneLine,
  bareClone,
  program,
  real,
  setUp,
  uvThatMakesEnvironments,
  withEverythingInReach,
  withPackagesAndPython,
} from './support/bare-clone.ts';

test('an old Node hears in one line what is needed, not with a syntax error', (t) => {
  const clone = bareClone(t);
  const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.19.1'})";
  assertOneLine(setUp(clone, '--import', pretend, 'setup.mjs'), /needs Node 20\.19/, /this is 18\.19\.1/);
});

test('without a Python it says which names it looked for, and that a broken shim is one', (t) => {
  const clone = withPackagesAndPython(t);
  program(clone, 'python3', 'echo "pyenv: python3: command not found" >&2; exit 127');
  program(clone, 'python3.12', 'echo 3.9.18');
  assertOneLine(
    setUp(clone),
    /No Python 3\.11, 3\.12 or 3\.13 found/,
    /python3\.12 is 3\.9\.18/,
    /python3 cannot be run/,
    /SEVENFOLD_PYTHON/,
  );
  assert.ok(!existsSync(join(clone.clone, '.venv')));
});

test('a SEVENFOLD_PYTHON that is too old is refused by its version', (t) => {
  const clone = withPackagesAndPython(t);
  program(clone, 'old', 'echo 3.9.18');
  clone.env.SEVENFOLD_PYTHON = join(clone.bin, 'old');
  assertOneLine(setUp(clone), /SEVENFOLD_PYTHON/, /is Python 3\.9\.18/);
});

test('no uv and no package index: one line that names the ways out', (t) => {
  const clone = withPackagesAndPython(t);
  rmSync(join(clone.bin, 'uv'));
  const pip = `case "$*" in *'pip --version') exit 0 ;; *'pip install'*) echo 'ERROR: No matching distribution' >&2; exit 1 ;; esac`;
  program(clone, 'python3', `${pip}\nexec '${real.python}' "$@"`);
  assertOneLine(
    setUp(clone),
    /Fetching uv with pip failed \(exit 1: ERROR: No matching/,
    /install uv yourself/,
  );
  assert.deepEqual(
    readdirSync(clone.cache).filter((name) => name !== 'setup.lock'),
    [],
    'nothing half-made in the cache',
  );
});

test("a person's settings of pip, Python and Spark do not lead set-up astray", (t) => {
  const clone = withPackagesAndPython(t);
  rmSync(join(clone.bin, 'uv'));
  // pip as it is: with `user` it refuses --target, with `require-virtualenv` everything outside of one.
  const pip = `case "$*" in
    *'pip --version') exit 0 ;;
    *'pip install'*)
      test "$PIP_USER$PIP_REQUIRE_VIRTUALENV" = 00 || { echo "ERROR: Can not combine '--user' and '--target'" >&2; exit 1; }
      test -z "$PYTHONPATH$PYTHONHOME$PIP_TARGET$UV_SYSTEM_PYTHON$SPARK_HOME" || { echo "ERROR: astray" >&2; exit 1; }
      test "$PIP_CERT" = /etc/ca.pem || { echo 'ERROR: the certificate is lost' >&2; exit 1; }
      echo 'ERROR: as far as this test goes' >&2; exit 1 ;;
  esac`;
  program(clone, 'python3', `${pip}\nexec '${real.python}' "$@"`);
  Object.assign(clone.env, {
    ...{ PIP_USER: '1', PIP_REQUIRE_VIRTUALENV: 'true', PIP_TARGET: '/opt', PIP_CERT: '/etc/ca.pem' },
    ...{
      PYTHONPATH: '/opt/spark/python',
      PYTHONHOME: '/opt',
      UV_SYSTEM_PYTHON: '1',
      SPARK_HOME: '/opt/spark',
    },
  });
  assertOneLine(setUp(clone), /as far as this test goes/);
});

test('a JAVA_HOME that is no Java 17 is named and not used; one that may be is looked at', (t) => {
  const clone = withEverythingInReach(t);
  assert.equal(setUp(clone).code, 0);
  const other = join(clone.root, 'jdk-21');
  mkdirSync(join(other, 'bin'), { recursive: true });
  writeFileSync(join(other, 'bin', 'java'), '');
  writeFileSync(join(other, 'release'), 'JAVA_VERSION="21.0.2"\n');
  for (const home of [other, join(clone.root, 'nowhere')]) {
    clone.env.JAVA_HOME = home;
    const { stdout, code } = setUp(clone, '--check');
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      new RegExp(`^ok +Java 17: .*JAVA_HOME, ${home}, is no Java 17 and is not used$`, 'm'),
    );
  }
  writeFileSync(join(other, 'release'), 'JAVA_VERSION="17.0.9"\n');
  clone.env.JAVA_HOME = other;
  assert.match(setUp(clone, '--check').stdout, /^missing +Java 17/m);
});

test('a checkout that was copied uses its own Python and not that of the original', (t) => {
  const clone = withEverythingInReach(t);
  assert.equal(setUp(clone).code, 0);
  const record = readFileSync(join(clone.state, 'toolchain.json'), 'utf8');
  assert.match(record, /"python": "\.\/\.venv\/bin\/python"/);
  const copy = join(clone.root, 'copy');
  cpSync(clone.clone, copy, { recursive: true, verbatimSymlinks: true });
  const found = locateToolchain(join(copy, '.sevenfold'), copy);
  assert.equal(found.python, join(copy, '.venv', 'bin', 'python'));
  // As older versions wrote it.
  const old = record.replace('./.venv', join(clone.clone, '.venv'));
  writeFileSync(join(copy, '.sevenfold', 'toolchain.json'), old);
  assert.equal(locateToolchain(join(copy, '.sevenfold'), copy).python, found.python);
});

test('no Java and no way to get one: one line, exit code 1, and the steps before it are kept', (t) => {
  const clone = withPackagesAndPython(t);
  program(clone, 'java', 'echo "java.version = 21.0.2" >&2');
  assertOneLine(setUp(clone), /No Java 17/, /Install a Java 17/, /setup\.log/);
  const again = setUp(clone, '--check');
  assert.equal(again.code, 1);
  assert.match(again.stdout, /^ok +npm packages/m);
  assert.match(again.stdout, /^ok +Python environment/m);
  assert.match(again.stdout, /^missing +Java 17/m);
});

test('a jar that is not the one in the lock is thrown away', (t) => {
  const clone = withPackagesAndPython(t);
  // A Java that is asked to run Ivy and leaves something else where the driver should be.
  const home = join(clone.root, 'java');
  mkdirSync(join(home, 'bin'), { recursive: true });
  clone.env.JAVA_HOME = home;
  program(
    { ...clone, bin: join(home, 'bin') },
    'java',
    `case "$1" in -Xshow*) printf '    java.home = ${home}\\n    java.version = 17.0.15\\n' >&2; exit 0 ;; esac
    while [ $# -gt 1 ]; do shift; done
    echo wrong > "$(dirname "$1")/postgresql-42.7.7.jar"`,
  );
  assertOneLine(setUp(clone), /org\.postgresql:postgresql:42\.7\.7 came with sha256/, /the lock says/);
  assert.ok(!existsSync(join(clone.cache, 'jars', 'postgresql-42.7.7.jar')));
});

test('a second run starts no program and writes nothing', (t) => {
  const clone = withEverythingInReach(t);
  assert.equal(setUp(clone).code, 0);
  const record = readFileSync(join(clone.state, 'toolchain.json'), 'utf8');
  assert.match(record, /"temporal": ".*\/bin\/temporal"/);
  const log = readFileSync(join(clone.state, 'logs', 'setup.log'), 'utf8');

  for (const name of ['python3', 'uv', 'temporal'])
    program(clone, name, 'echo "must not be run" >&2; exit 1');
  const second = setUp(clone);
  assert.equal(second.code, 0);
  assert.deepEqual(second.lines, []);
  assert.equal(readFileSync(join(clone.state, 'toolchain.json'), 'utf8'), record);
  assert.equal(readFileSync(join(clone.state, 'logs', 'setup.log'), 'utf8'), log);
});

test('a changed lock file brings its step back, and only that', (t) => {
  const clone = withEverythingInReach(t);
  assert.equal(setUp(clone).code, 0);
  writeFileSync(join(clone.clone, 'spark', 'requirements.lock'), '# other\n');
  const check = setUp(clone, '--check');
  assert.match(check.stdout, /^missing +Python environment/m);
  assert.equal(check.stdout.match(/^missing/gm)?.length, 1);
  assert.equal(setUp(clone).code, 0);
  assert.equal(setUp(clone, '--check').code, 0);
});

test('packages that only tests need come with --tests, and stay when set-up runs without', (t) => {
  const clone = withEverythingInReach(t);
  const synced = join(clone.root, 'synced');
  const noted = `pip) echo "$7" >> '${synced}';;`;
  program(clone, 'uv', uvThatMakesEnvironments.replace('case "$1" in', `case "$1" in\n  ${noted}`));
  const locks = () =>
    readFileSync(synced, 'utf8')
      .trim()
      .split('\n')
      .map((lock) => basename(lock));
  assert.equal(setUp(clone).code, 0);
  assert.deepEqual(locks(), ['requirements.lock']);
  assert.match(setUp(clone, '--check', '--tests').stdout, /^missing +Python packages for tests/m);

  setUp(clone, '--tests');
  assert.deepEqual(locks(), ['requirements.lock', 'requirements-tests.lock']);
  assert.match(setUp(clone, '--check', '--tests').stdout, /^ok +Python packages for tests/m);
  assert.equal(setUp(clone).code, 0);
  assert.equal(locks().length, 2, 'nothing is taken away again');

  writeFileSync(join(clone.clone, 'spark', 'requirements-tests.lock'), '# other\n');
  assert.doesNotMatch(setUp(clone, '--check').stdout, /^missing/m);
  assert.match(setUp(clone, '--check', '--tests').stdout, /^missing +Python packages for tests/m);
});

test('no Go and no way to get one: the tests lack their object store, one line says so, and its connector is kept', (t) => {
  const clone = withEverythingInReach(t);
  assert.equal(setUp(clone).code, 0);
  const cache = readConfig().cacheFolder;
  for (const name of readdirSync(join(cache, 'jars'))) {
    const jar = join(clone.cache, 'jars', name);
    if (!existsSync(jar)) symlinkSync(join(cache, 'jars', name), jar);
  }
  assertOneLine(
    setUp(clone, '--tests'),
    /The object store can be neither downloaded nor built here: fetching a Go compiler failed/,
    /Put `go`, or/,
  );
  const check = setUp(clone, '--check', '--tests').stdout;
  assert.match(check, /^ok +Spark connector for gs:/m);
  assert.match(check, /^missing +Object store for tests/m);
});

test('the launcher says in one line that set-up has not been run', (t) => {
  const clone = bareClone(t);
  const answer = spawnSync(process.execPath, ['sevenfold.mjs', 'status'], {
    cwd: clone.clone,
    env: clone.env,
    encoding: 'utf8',
  });
  assert.equal(answer.status, 1);
  assert.match(answer.stderr, /^sevenfold is not set up in .*npm start.*\n$/);
});
