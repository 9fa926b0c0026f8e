/** Clones in which tests run set-up: nothing of this machine's is touched or found. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';

const { checkout, stateFolder } = readConfig();
export const real = locateToolchain(stateFolder);

/** A bare clone's worth of files, with a cache and a PATH of its own: nothing of this machine's is touched or found. */
export function bareClone(t: TestContext) {
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

export type Clone = ReturnType<typeof bareClone>;

/** The clone as if its npm packages and its Python environment had been installed. */
export function withPackagesAndPython(t: TestContext): Clone {
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

/** The clone with every step's result in place or in reach: the rest of set-up can run to its end. */
export function withEverythingInReach(t: TestContext): Clone {
  const clone = withPackagesAndPython(t);
  const jars = join(clone.cache, 'jars');
  mkdirSync(jars, { recursive: true });
  for (const jar of real.jars) symlinkSync(jar, join(jars, jar.split('/').at(-1) ?? ''));
  clone.env.JAVA_HOME = real.javaHome;
  program(clone, 'temporal', "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'");
  return clone;
}

/** Answers as uv does and leaves an interpreter, without the gigabyte of packages. */
export const uvThatMakesEnvironments = `
case "$1" in
  --version) echo 'uv 0.13.8' ;;
  venv) mkdir -p "$4/bin" && printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$3" > "$4/bin/python" && chmod +x "$4/bin/python" ;;
  pip) test "$2" = sync || { echo 'error: the network is unreachable' >&2; exit 2; } ;;
esac`;

export function program({ bin }: Clone, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

export function setUp({ clone, env }: Clone, ...args: string[]) {
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

export function assertOneLine(answer: { code: number | null; lines: string[] }, ...expected: RegExp[]): void {
  assert.equal(answer.code, 1);
  assert.equal(answer.lines.length, 1, answer.lines.join('\n'));
  for (const pattern of expected) assert.match(answer.lines[0] ?? '', pattern);
}
