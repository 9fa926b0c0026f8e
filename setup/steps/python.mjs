import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, CommandFailure, explaining, onPath, run } from '../commands.mjs';
import { SetupFailure } from '../failure.mjs';
import { makeOnce, readJson, sha256 } from '../files.mjs';
import { interpreterOf } from '../places.mjs';
import { indexEnvironment, lockedTool } from '../tools.mjs';
import { writeWhole } from '../whole-file.mjs';

const environmentFolder = (places) => join(places.checkout, '.venv');
const stampFile = (places) => join(environmentFolder(places), '.sevenfold-setup');
const requirements = (places) => join(places.checkout, 'spark', 'requirements.lock');
/** The same packages, and those that only tests need. */
const testRequirements = (places) => join(places.checkout, 'spark', 'requirements-tests.lock');
const digest = (lock) => sha256(readFileSync(lock));

/**
 * What the jobs need. An environment that also has the packages of tests keeps them.
 * @type {import('../main.mjs').Step}
 */
export const python = {
  title: 'Python environment',

  isThere({ places, env, toolchain }) {
    const stamp = readJson(stampFile(places));
    return (
      stamp?.lock === digest(requirements(places)) &&
      stamp.askedFor === (env.SEVENFOLD_PYTHON || null) &&
      toolchain.python === interpreter(places) &&
      existsSync(toolchain.python)
    );
  },

  detail: ({ toolchain }) => `${toolchain.python} (${toolchain.pythonVersion})`,

  async install(context, note) {
    const { places, env, log, toolchain } = context;
    note('looking for Python');
    const base = findPython(env);
    const uv = await findUv(context, base, note);
    const path = interpreter(places);
    // Without its stamp an environment may be one that was interrupted: a package can look installed and lack files.
    if (!existsSync(stampFile(places)) || version(path, env) !== base.version) {
      note('making the environment');
      rmSync(environmentFolder(places), { recursive: true, force: true });
      await explaining('Making .venv', 'Check that the disk has room, then run this again.', log, () =>
        run(uv, ['venv', '--python', base.path, environmentFolder(places)], {
          env: indexEnvironment(env),
          log,
        }),
      );
    }
    const forTests = readJson(stampFile(places))?.testLock !== undefined;
    rmSync(stampFile(places), { force: true });
    note('installing packages');
    await installPackages(uv, path, forTests ? testRequirements(places) : requirements(places), context);
    const stamp = {
      lock: digest(requirements(places)),
      ...(forTests && { testLock: digest(testRequirements(places)) }),
      askedFor: env.SEVENFOLD_PYTHON || null,
    };
    writeWhole(stampFile(places), JSON.stringify(stamp), 0o644);
    toolchain.python = path;
    toolchain.pythonVersion = base.version;
    toolchain.uv = uv;
  },
};

/** @type {import('../main.mjs').Step} */
export const pythonForTests = {
  title: 'Python packages for tests',

  isThere: ({ places }) => readJson(stampFile(places))?.testLock === digest(testRequirements(places)),

  detail: ({ places }) => environmentFolder(places),

  async install(context, note) {
    const { places, toolchain } = context;
    const stamp = readJson(stampFile(places));
    rmSync(stampFile(places), { force: true });
    note('installing packages');
    await installPackages(toolchain.uv, toolchain.python, testRequirements(places), context);
    writeWhole(
      stampFile(places),
      JSON.stringify({ ...stamp, testLock: digest(testRequirements(places)) }),
      0o644,
    );
  },
};

function installPackages(uv, interpreter, lock, { env, log }) {
  return explaining(
    'Installing the Python packages',
    'Check the network and the package index (UV_DEFAULT_INDEX or PIP_INDEX_URL), then run this again.',
    log,
    () =>
      run(uv, ['pip', 'sync', '--no-progress', '--python', interpreter, '--require-hashes', lock], {
        env: indexEnvironment(env),
        log,
      }),
  );
}

const interpreter = (places) => interpreterOf(places.checkout);

function version(path, env) {
  const answer = ask(path, ['-c', 'import platform; print(platform.python_version())'], env);
  return answer?.stdout.trim();
}

/**
 * The Python to build on: pyspark 3.5 is made for 3.11 and 3.12; with 3.13 its plain and pandas UDFs ran. A shim that
 * fails when it is run is passed over.
 */
export function findPython(env) {
  if (env.SEVENFOLD_PYTHON) {
    const found = version(env.SEVENFOLD_PYTHON, env);
    if (found !== undefined && isSupported(found)) return { path: env.SEVENFOLD_PYTHON, version: found };
    throw new SetupFailure(
      `SEVENFOLD_PYTHON is ${env.SEVENFOLD_PYTHON}, which ${found === undefined ? 'cannot be run' : `is Python ${found}`}. ` +
        'Name a Python 3.11, 3.12 or 3.13, or unset it.',
    );
  }
  const seen = [];
  for (const name of ['python3.12', 'python3.11', 'python3.13', 'python3', 'python']) {
    for (const path of onPath(name, env)) {
      const found = version(path, env);
      if (found !== undefined && isSupported(found)) return { path, version: found };
      seen.push(`${path} ${found === undefined ? 'cannot be run' : `is ${found}`}`);
    }
  }
  throw new SetupFailure(
    'No Python 3.11, 3.12 or 3.13 found as python3.12, python3.11, python3.13, python3 or python on PATH' +
      `${seen.length === 0 ? '' : ` (${seen.join(', ')})`}. Install one, or name it in SEVENFOLD_PYTHON, and run this again.`,
  );
}

function isSupported(found) {
  return /^3\.1[123]\./.test(found);
}

/** uv from PATH, else our own in the cache, put there by whatever pip there is. */
async function findUv(context, base, note) {
  const { env, log } = context;
  for (const path of onPath('uv', env)) {
    const [, minor] = /^uv 0\.(\d+)\./.exec(ask(path, ['--version'], env)?.stdout ?? '') ?? [];
    if (Number(minor) >= 5) return path;
  }
  const tool = lockedTool(context.places, 'uv');
  const path = join(tool.folder, 'bin', 'uv');
  await makeOnce(context, tool.folder, async (draft) => {
    note('fetching uv');
    mkdirSync(join(draft, 'uv'));
    writeFileSync(join(draft, 'uv.lock'), tool.requirement);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--retries', '2'];
    const into = ['--target', join(draft, 'uv'), '-r', join(draft, 'uv.lock')];
    await explaining(
      'Fetching uv with pip',
      'Check the network and the package index (PIP_INDEX_URL), or install uv yourself, then run this again.',
      log,
      async () => {
        const runner = await pythonWithPip(base, draft, env, log);
        await run(runner, [...pip, ...into], { env, log });
      },
    );
    return join(draft, 'uv');
  });
  return path;
}

async function pythonWithPip(base, draft, env, log) {
  if (ask(base.path, ['-m', 'pip', '--version'], env) !== undefined) return base.path;
  try {
    await run(base.path, ['-m', 'venv', join(draft, 'venv')], { env, log });
    return join(draft, 'venv', 'bin', 'python');
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new SetupFailure(
      `${base.path} has neither pip nor venv, and uv is not on PATH. Install one of the three (python3-pip, python3-venv, uv) and run this again.`,
    );
  }
}
