import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, onPath, run } from '../commands.mjs';
import { isCurrent, makeOnce } from '../files.mjs';
import { buildGoProgram } from '../go.mjs';

const version = '1.5.1';
const firstByteMs = 3_000;

const ownFolder = (places) => join(places.cache, 'temporal', version);

/** @type {import('../main.mjs').Step} */
export const temporal = {
  title: 'Temporal',

  isThere: ({ places, toolchain }) => isCurrent(places, toolchain.temporal, ownFolder(places)),

  detail: ({ toolchain }) => toolchain.temporal,

  async install(context, note) {
    const { places, env, toolchain } = context;
    note('looking');
    const installed = onPath('temporal', env).find((path) => isUsable(path, env));
    const own = join(ownFolder(places), 'temporal');
    if (installed === undefined && !existsSync(own)) {
      note('downloading');
      await makeOnce(context, own, (draft) => download(context, draft));
      if (!existsSync(own)) await build(context, own, note);
    }
    toolchain.temporal = installed ?? own;
  },
};

/** 1.5 is the first whose development server we have run; one built from source may not know its own number. */
function isUsable(path, env) {
  const said = ask(path, ['--version'], env)?.stdout ?? '';
  const [, major, minor] = /temporal version (\d+)\.(\d+)/.exec(said) ?? [];
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 5)) return true;
  const [, serverMinor] = /Server 1\.(\d+)\./.exec(said) ?? [];
  return Number(serverMinor) >= 29;
}

/** The makers' own download; undefined, and soon, where it cannot be reached. */
async function download({ env, log }, draft) {
  const platform = process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), firstByteMs);
  try {
    const address = `https://temporal.download/cli/archive/v${version}?platform=${platform}&arch=${arch}&format=tar.gz`;
    const answer = await fetch(address, { signal: impatience.signal });
    clearTimeout(timer);
    if (!answer.ok) return undefined;
    const archive = join(draft, 'temporal.tar.gz');
    await writeFile(archive, answer.body);
    await run('tar', ['-xzf', archive, '-C', draft, 'temporal'], { env, log });
    const program = join(draft, 'temporal');
    return isUsable(program, env) ? program : undefined;
  } catch {
    return undefined; // building it is the next way
  } finally {
    clearTimeout(timer);
  }
}

/** Measured: 4.5 minutes of two cores with an empty build cache. */
async function build(context, own, note) {
  const source = 'github.com/temporalio/cli';
  const program = {
    source: `${source}/cmd/temporal@v${version}`,
    flags: ['-ldflags', `-s -w -X ${source}/temporalcli.Version=${version}`],
    what: 'The Temporal server',
    duration: '5 minutes',
    instead: '`temporal` 1.5 or later',
    isUsable: (path) => isUsable(path, context.env),
  };
  await buildGoProgram(context, own, program, note);
}
