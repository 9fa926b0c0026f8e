import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explaining, run } from './commands.mjs';
import { SetupFailure } from './failure.mjs';
import { makeOnce } from './files.mjs';

/** A line of tools.lock with its hashes, and the folder of the cache that holds just that version. */
export function lockedTool(places, name) {
  const lock = readFileSync(join(places.checkout, 'setup', 'tools.lock'), 'utf8');
  const requirement = lock.split(/^(?=\S)/m).find((entry) => entry.startsWith(`${name}==`));
  const version = requirement && /==([^\s;]+)/.exec(requirement)?.[1];
  if (!version)
    throw new SetupFailure(
      `setup/tools.lock does not name ${name}. Restore the file (git checkout setup/tools.lock).`,
    );
  return { requirement, version, folder: join(places.cache, `${name}-${version}`) };
}

/** Unpacks a tool of tools.lock into the cache; gives its folder. */
export async function fetchTool(context, name, { what, advice }) {
  const { places, env, log, toolchain } = context;
  const tool = lockedTool(places, name);
  await makeOnce(context, tool.folder, async (draft) => {
    const list = join(draft, 'tool.lock');
    writeFileSync(list, tool.requirement);
    const into = join(draft, name);
    const args = [
      'pip',
      'install',
      '--no-progress',
      '--python',
      toolchain.python,
      '--no-deps',
      '--require-hashes',
    ];
    await explaining(what, advice, log, () =>
      run(toolchain.uv, [...args, '--target', into, '-r', list], {
        env: indexEnvironment(env),
        log,
      }),
    );
    return into;
  });
  return tool.folder;
}

/** A mirror that was set for pip alone is meant for uv as well. */
export function indexEnvironment(env) {
  if (!env.PIP_INDEX_URL || env.UV_DEFAULT_INDEX || env.UV_INDEX_URL) return env;
  return { ...env, UV_DEFAULT_INDEX: env.PIP_INDEX_URL };
}
