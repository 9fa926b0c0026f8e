import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explaining, run } from '../commands.mjs';
import { quote } from '../files.mjs';

/**
 * Half of the processor time of Spark's start is the reading and checking of classes. A JVM whose class path begins like
 * that of the one which wrote an archive maps them from there instead: 10 s of a core rather than 17 s up to the first
 * Python task. Another Java, or another jar, and the JVM reads its classes as ever.
 */
const kinds = ({ jars = [] }) => ({ local: jars, plain: [] });

const folderOf = (places) => join(places.state, 'classes');

/** A venv that is made again has new files in the old places. */
function nameOf(toolchain, kind) {
  const made = statSync(join(toolchain.python, '..', '..', 'pyvenv.cfg'), { throwIfNoEntry: false })?.mtimeMs;
  const parts = [toolchain.javaHome, toolchain.javaVersion, made, kinds(toolchain)[kind]];
  return `${kind}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)}.jsa`;
}

const archivesOf = ({ places, toolchain }) =>
  Object.fromEntries(
    Object.keys(kinds(toolchain)).map((kind) => [kind, join(folderOf(places), nameOf(toolchain, kind))]),
  );

/**
 * For tests, which start more than a hundred JVMs: `local` with the jars that ours has on its class path, `plain` without,
 * as the drivers and executors of clusters are. @type {import('../main.mjs').Step}
 */
export const classArchives = {
  title: 'Spark class archives',

  isThere({ places, toolchain }) {
    if (toolchain.python === undefined || toolchain.javaHome === undefined) return false;
    const wanted = archivesOf({ places, toolchain });
    return (
      JSON.stringify(wanted) === JSON.stringify(toolchain.classArchives) &&
      Object.values(wanted).every((file) => existsSync(file))
    );
  },

  detail: ({ toolchain }) => Object.values(toolchain.classArchives).join(', '),

  async install(context, note) {
    const { places, toolchain, env, log } = context;
    const wanted = archivesOf(context);
    rmSync(folderOf(places), { recursive: true, force: true });
    mkdirSync(folderOf(places), { recursive: true });
    note('writing them');
    // Beside each other: each is half a minute of one core.
    await Promise.all(
      Object.entries(kinds(toolchain)).map(async ([kind, jars]) => {
        const draft = `${wanted[kind]}.draft`;
        const submit = [
          ...['--master', 'local[2]', '--driver-memory', '1g', '--conf', 'spark.ui.enabled=false'],
          ...['--conf', 'spark.driver.host=127.0.0.1', '--conf', 'spark.driver.bindAddress=127.0.0.1'],
          ...(jars.length > 0 ? ['--driver-class-path', quote(jars.join(':'))] : []),
          // The second compiler is not what is wanted here.
          ...[
            '--driver-java-options',
            quote(`-XX:TieredStopAtLevel=1 ${quote(`-XX:ArchiveClassesAtExit=${draft}`)}`),
          ],
          'pyspark-shell',
        ];
        await explaining('Writing the archive of Spark classes', 'Run this again.', log, () =>
          run(toolchain.python, [join(places.checkout, 'spark', 'tests', 'exercise_spark.py')], {
            log,
            cwd: folderOf(places),
            env: {
              ...env,
              JAVA_HOME: toolchain.javaHome,
              PYSPARK_PYTHON: toolchain.python,
              PYSPARK_SUBMIT_ARGS: submit.join(' '),
            },
          }),
        );
        renameSync(draft, wanted[kind]);
      }),
    );
    toolchain.classArchives = wanted;
  },
};
