import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailure, explaining, run } from './commands.mjs';
import { SetupFailure } from './failure.mjs';
import { sha256 } from './files.mjs';
import { writeTrustStore } from './truststore.mjs';

/** @typedef {{group: string, artifact: string, version: string, classifier?: string, sha256: string, file: string}} Jar */

/** Lines `group:artifact:version[:classifier] sha256`. @returns {Jar[]} */
export function readJarLock(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, group, artifact, version, classifier, hash] =
        /^([^:\s]+):([^:\s]+):([^:\s]+)(?::([^:\s]+))? ([0-9a-f]{64})$/.exec(line) ?? [];
      if (hash === undefined) {
        throw new SetupFailure(
          `${path}: "${line}" is not group:artifact:version[:classifier] sha256. Restore the file.`,
        );
      }
      const file = [artifact, version, ...(classifier === undefined ? [] : [classifier])].join('-');
      return { group, artifact, version, classifier, sha256: hash, file: `${file}.jar` };
    });
}

/**
 * Fetches jars into an empty folder and checks each against its hash. Ivy comes with pyspark. The lock is complete, so
 * Ivy need not read the modules' own descriptions: 39 jars in 5 s instead of 46 s.
 * @param {Jar[]} jars
 */
export async function fetchJars({ toolchain, env, log }, jars, draft) {
  const folder = join(draft, 'jars');
  mkdirSync(folder);
  writeFileSync(join(draft, 'settings.xml'), ivySettings);
  writeFileSync(join(draft, 'ivy.xml'), ivyModule(jars));
  const jvm = ['-Dsun.net.client.defaultConnectTimeout=10000', '-Dsun.net.client.defaultReadTimeout=60000'];
  const trust = join(draft, 'trust.jks');
  const trusting = writeTrustStore(trust, env) ? [`-Djavax.net.ssl.trustStore=${trust}`] : [];
  const ivy = (trusted) => [
    ...[...jvm, ...trusted, '-cp', join(pysparkFolder(toolchain), 'jars', '*'), 'org.apache.ivy.Main'],
    ...[
      '-settings',
      join(draft, 'settings.xml'),
      '-cache',
      join(draft, 'ivy'),
      '-ivy',
      join(draft, 'ivy.xml'),
    ],
    ...['-confs', 'default', '-retrieve', join(folder, '[artifact]-[revision](-[classifier]).[ext]')],
  ];
  const java = join(toolchain.javaHome, 'bin', 'java');
  const options = { env, log };
  await explaining(
    `Fetching ${jars.length === 1 ? jars[0].file : `${jars.length} jars`}`,
    'Check the network and the Maven repository, then run this again.',
    log,
    async () => {
      try {
        await run(java, ivy(trusting), options);
      } catch (error) {
        // The machine's own Java may know a certificate that the environment does not name.
        if (!(error instanceof CommandFailure) || trusting.length === 0) throw error;
        await run(java, ivy([]), options);
      }
    },
  );
  for (const jar of jars) verify(join(folder, jar.file), jar);
  return folder;
}

/** @param {Jar} jar */
function verify(path, jar) {
  const found = sha256(readFileSync(path));
  if (found === jar.sha256) return;
  rmSync(path);
  throw new SetupFailure(
    `${jar.group}:${jar.artifact}:${jar.version} came with sha256 ${found} where the lock says ${jar.sha256}; it was thrown away. ` +
      'Check the Maven repository or mirror that this machine uses, then run this again.',
  );
}

function pysparkFolder(toolchain) {
  const [, minor] = toolchain.pythonVersion.split('.');
  return join(toolchain.python, '..', '..', 'lib', `python3.${minor}`, 'site-packages', 'pyspark');
}

const ivySettings = `<ivysettings>
  <property name="ivy.checksums" value=""/>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
`;

function ivyModule(jars) {
  const dependencies = jars.map(({ group, artifact, version, classifier }) => {
    const dependency = `<dependency org="${group}" name="${artifact}" rev="${version}" transitive="false" conf="default->default"`;
    if (classifier === undefined) return `    ${dependency}/>\n`;
    return `    ${dependency}><artifact name="${artifact}" type="jar" ext="jar" m:classifier="${classifier}"/></dependency>\n`;
  });
  return `<ivy-module version="2.0" xmlns:m="http://ant.apache.org/ivy/maven">
  <info organisation="sevenfold" module="jars"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
${dependencies.join('')}  </dependencies>
</ivy-module>
`;
}
