import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../src/config.ts';
import { locateToolchain } from '../src/stack/toolchain.ts';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const real = locateToolchain(readConfig().stateFolder);

/** A bare clone's worth of files, with a cache and a PATH of its own: nothing of this machine's is touched or found. */
function bareClone(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'sevenfold-setup-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const clone = join(root, 'clone');
  mkdirSync(join(clone, 'spark'), { recursive: true });
  for (const name of ['setup.mjs', 'setup', 'sevenfold.mjs', 'package.json', 'package-lock.json']) {
    cpSync(join(checkout, name), join(clone, name), { recursive: true });
  }
  for (const name of ['requirements.lock', 'requirements-tests.lock', 'jars.lock']) {
    cpSync(join(checkout, 'spark', name), join(clone, 'spark', name));
  }
  const bin = join(root, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const nowhere = 'http://127.0.0.1:9'; // the port of the discard service, which no machine serves any more
  const env: NodeJS.ProcessEnv = {
    PATH: bin,
    HOME: root,
    SEVENFOLD_CACHE: join(root, 'cache'),
    // Every index and registry out of reach, as on a machine without a network.
    npm_config_registry: nowhere,
    npm_config_fetch_retries: '0',
    PIP_INDEX_URL: nowhere,
    PIP_NO_INDEX: '1',
    UV_DEFAULT_INDEX: nowhere,
    UV_OFFLINE: '1',
    GOPROXY: 'off',
  };
  return { root, clone, bin, env, cache: join(root, 'cache'), state: join(clone, '.sevenfold') };
}

type Clone = ReturnType<typeof bareClone>;

/** The clone as if its npm packages and its Python environment had been installed. */
function withPackagesAndPython(t: TestContext): Clone {
  const clone = bareClone(t);
  const modules = join(checkout, 'node_modules');
  // Linked one by one, so that what set-up writes beside them stays in the clone.
  mkdirSync(join(clone.clone, 'node_modules', '.bin'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== '.bin' && !name.startsWith('.sevenfold')) {
      symlinkSync(join(modules, name), join(clone.clone, 'node_modules', name));
    }
  }
  program(clone, 'python3', `exec '${real.python}' "$@"`);
  program(clone, 'uv', uvThatMakesEnvironments);
  return clone;
}

/** Answers as uv does and leaves an interpreter, without the gigabyte of packages. */
const uvThatMakesEnvironments = `
case "$1" in
  --version) echo 'uv 0.13.8' ;;
  venv) mkdir -p "$4/bin" && printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$3" > "$4/bin/python" && chmod +x "$4/bin/python" ;;
  pip) test "$2" = sync || { echo 'error: the network is unreachable' >&2; exit 2; } ;;
esac`;

function program({ bin }: Clone, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

function setUp({ clone, env }: Clone, ...args: string[]) {
  const answer = spawnSync(process.execPath, args.includes('--import') ? args : ['setup.mjs', ...args], {
    cwd: clone,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const lines = answer.stderr
    .split('\n')
    .filter((line) => line !== '' && !/^( {2}|sevenfold set-up in)/.test(line));
  return { code: answer.status, stdout: answer.stdout, lines };
}

function assertOneLine(answer: { code: number | null; lines: string[] }, ...expected: RegExp[]): void {
  assert.equal(answer.code, 1);
  assert.equal(answer.lines.length, 1, answer.lines.join('\n'));
  for (const pattern of expected) assert.match(answer.lines[0] ?? '', pattern);
}

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

/** The clone with every step's result in place or in reach: the rest of set-up can run to its end. */
function withEverythingInReach(t: TestContext): Clone {
  const clone = withPackagesAndPython(t);
  const jars = join(clone.cache, 'jars');
  mkdirSync(jars, { recursive: true });
  for (const jar of real.jars) symlinkSync(jar, join(jars, jar.split('/').at(-1) ?? ''));
  clone.env.JAVA_HOME = real.javaHome;
  program(clone, 'temporal', "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'");
  return clone;
}

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

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`set-up ended by ${signal} in mid-step leaves nothing half-made and is continued by the next one`, async (t) => {
    const clone = withEverythingInReach(t);
    const reached = await arrivals(t);
    // Building the environment hangs as a slow download would.
    program(
      clone,
      'uv',
      `case "$1" in --version) echo 'uv 0.13.8' ;; venv) ${reached.call}; sleep 600 ;; esac`,
    );
    const first = spawn(process.execPath, ['setup.mjs'], {
      cwd: clone.clone,
      env: clone.env,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => first.once('exit', (code, by) => resolve(by ?? code)));
    const sleeper = await reached.next();
    first.kill(signal);
    assert.equal(await ended, signal === 'SIGKILL' ? 'SIGKILL' : 143);

    program(clone, 'uv', uvThatMakesEnvironments);
    const second = setUp(clone);
    assert.equal(second.code, 0, second.lines.join('\n'));
    assert.equal(setUp(clone, '--check').code, 0);
    await gone(sleeper);
    assert.ok(!existsSync(join(clone.state, 'setup.lock')), 'the lock is released');
  });
}

test('two set-ups at once: the second waits, and each step is done once', async (t) => {
  const clone = withEverythingInReach(t);
  const reached = await arrivals(t);
  program(
    clone,
    'uv',
    uvThatMakesEnvironments.replace(
      'venv)',
      `venv) ${reached.call}; while ! [ -e '${clone.root}/go' ]; do sleep 0.05; done;`,
    ),
  );
  const start = () => {
    const child = spawn(process.execPath, ['setup.mjs'], { cwd: clone.clone, env: clone.env });
    let text = '';
    child.stderr.on('data', (data: Buffer) => (text += data.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { ended, text: () => text };
  };
  const first = start();
  await reached.next();
  const second = start();
  while (!second.text().includes('waiting for another set-up')) await delay(20);
  writeFileSync(join(clone.root, 'go'), '');
  assert.deepEqual(await Promise.all([first.ended, second.ended]), [0, 0]);
  assert.match(first.text(), /Python environment: ready/);
  assert.doesNotMatch(second.text(), /Python environment/);
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

/** Lets a shell script say where it is: it calls this process, with its own pid, by a shell that needs no other program. */
async function arrivals(t: TestContext) {
  const waiting: ((pid: number) => void)[] = [];
  const arrived: number[] = [];
  const server = createServer((request, response) => {
    const pid = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('pid'));
    const next = waiting.shift();
    if (next === undefined) arrived.push(pid);
    else next(pid);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const hello = `fetch('http://127.0.0.1:${port}/?pid=' + process.argv[1])`;
  return {
    call: `'${process.execPath}' -e "${hello}" $$`,
    next: () =>
      new Promise<number>((resolve) => {
        const pid = arrived.shift();
        if (pid === undefined) waiting.push(resolve);
        else resolve(pid);
      }),
  };
}

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    assert.ok(Date.now() < deadline, `process ${pid} still runs`);
    await delay(20);
  }
}
