import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeOnce, quote } from '../files.mjs';
import { fetchJars, readJarLock } from '../jars.mjs';
import { writeWhole } from '../whole-file.mjs';

function wanted(places) {
  const lock = readJarLock(join(places.checkout, 'setup', 'testserver.lock'));
  const server = lock.find((jar) => jar.artifact === 'temporal-test-server');
  const folder = join(places.cache, 'jars', `testserver-${server.version}`);
  return { lock, folder, paths: lock.map((jar) => join(folder, jar.file)) };
}

/** For tests only. @type {import('../main.mjs').Step} */
export const testServer = {
  title: 'Temporal test server',

  isThere({ places, toolchain }) {
    const { paths } = wanted(places);
    return (
      JSON.stringify(paths) === JSON.stringify(toolchain.testServerJars) &&
      existsSync(paths[0]) &&
      toolchain.testServerJava === toolchain.javaHome &&
      existsSync(toolchain.testServer)
    );
  },

  detail: ({ toolchain }) => toolchain.testServer,

  async install(context, note) {
    const { places, toolchain } = context;
    const { lock, folder, paths } = wanted(places);
    await makeOnce(context, folder, (draft) => {
      note('fetching');
      return fetchJars(context, lock, draft);
    });
    toolchain.testServerJars = paths;
    // The TypeScript SDK starts an executable with the port as its one argument, and ends it by its pid.
    toolchain.testServer = join(places.state, 'bin', 'temporal-test-server');
    const java = join(toolchain.javaHome, 'bin', 'java');
    const script = `#!/bin/sh\nexec ${quote(java)} -Xshare:auto -XX:TieredStopAtLevel=1 -cp ${quote(join(folder, '*'))} io.temporal.testserver.TestServer "$@"\n`;
    writeWhole(toolchain.testServer, script, 0o700);
    toolchain.testServerJava = toolchain.javaHome;
  },
};
