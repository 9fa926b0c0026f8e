import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeOnce } from '../files.mjs';
import { fetchJars, readJarLock } from '../jars.mjs';

function wanted(places) {
  const jars = readJarLock(join(places.checkout, 'setup', 'delta-reader.lock'));
  return jars.map((jar) => ({ jar, path: join(places.cache, 'jars', jar.file) }));
}

/** For tests only: by which Spark reads Delta tables; no job of ours does. @type {import('../main.mjs').Step} */
export const deltaReader = {
  title: 'Delta Lake for Spark in tests',

  isThere({ places, toolchain }) {
    const paths = wanted(places).map(({ path }) => path);
    return toolchain.deltaJars?.join() === paths.join() && paths.every((path) => existsSync(path));
  },

  detail: ({ toolchain }) => toolchain.deltaJars.join(', '),

  async install(context, note) {
    const found = wanted(context.places);
    for (const { jar, path } of found) {
      await makeOnce(context, path, async (draft) => {
        note(`fetching ${jar.file}`);
        return join(await fetchJars(context, [jar], draft), jar.file);
      });
    }
    context.toolchain.deltaJars = found.map(({ path }) => path);
  },
};
