import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeOnce } from '../files.mjs';
import { fetchJars, readJarLock } from '../jars.mjs';

const lockFile = (places) => join(places.checkout, 'spark', 'jars.lock');
const wanted = (places) =>
  readJarLock(lockFile(places)).map((jar) => ({ ...jar, path: join(places.cache, 'jars', jar.file) }));

/** @type {import('../main.mjs').Step} */
export const jars = {
  title: 'Spark jars',

  isThere({ places, toolchain }) {
    const paths = wanted(places).map((jar) => jar.path);
    return (
      JSON.stringify(paths) === JSON.stringify(toolchain.jars) && paths.every((path) => existsSync(path))
    );
  },

  detail: ({ toolchain }) => toolchain.jars.join(', '),

  async install(context, note) {
    for (const jar of wanted(context.places)) {
      await makeOnce(context, jar.path, async (draft) => {
        note(`fetching ${jar.file}`);
        return join(await fetchJars(context, [jar], draft), jar.file);
      });
    }
    context.toolchain.jars = wanted(context.places).map((jar) => jar.path);
  },
};
