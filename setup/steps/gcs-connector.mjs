import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeOnce } from '../files.mjs';
import { fetchJars, readJarLock } from '../jars.mjs';

function wanted(places) {
  const [jar] = readJarLock(join(places.checkout, 'setup', 'gcs-connector.lock'));
  return { jar, path: join(places.cache, 'jars', jar.file) };
}

/** For tests only: on Dataproc itself Spark has it already. @type {import('../main.mjs').Step} */
export const gcsConnector = {
  title: 'Spark connector for gs://',

  isThere({ places, toolchain }) {
    const { path } = wanted(places);
    return toolchain.gcsConnector === path && existsSync(path);
  },

  detail: ({ toolchain }) => toolchain.gcsConnector,

  async install(context, note) {
    const { jar, path } = wanted(context.places);
    await makeOnce(context, path, async (draft) => {
      note(`fetching ${jar.file}`);
      return join(await fetchJars(context, [jar], draft), jar.file);
    });
    context.toolchain.gcsConnector = path;
  },
};
