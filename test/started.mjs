// What a test run started, and what it took of the processors: looked at while it runs, because most of it detaches.
import { readdirSync, readFileSync } from 'node:fs';

const ticks = 100; // of a second, on every Linux that we know

const kinds = [
  ['shells', /^(\S*\/)?(ba|da)?sh /],
  ['launchers of JVMs', /launcher\.Main/],
  ['executors', /CoarseGrainedExecutorBackend/],
  ['masters and workers of Spark', /deploy\.(master|worker)\./],
  ['JVMs', /\bjava .*(spark|py4j|gateway)/i],
  ['test servers of Temporal', /temporal-test-server|testserver/i],
  ['Temporal servers', /temporal server start-dev/],
  ['supervisors', /supervisor\.js|stack-supervisor|stack\/main\.ts/],
  ['keepers', /keeper\.js|launch\.mjs keeper|local\/main\.ts/],
  ['workers', /worker\.js|launch\.mjs worker/],
  ['commands', /sevenfold\.mjs|client\.js/],
  ['browsers', /chrom/i],
  ['PostgreSQL', /postgres|initdb/],
  ['pytest', /-m pytest|execnet/],
  ['Python', /python/],
  ['test files', /node .*--test|\.test\.(js|ts)/],
];

/** A process that is this old has run what it was started for: its command line is not read again. */
const settledAfterLooks = 8;

/** What is shared by the run, whoever asked for it first. */
export const sharedByAll = 'shared by all files';

/** The test file that a process works for, from the environment that it inherited, else from its own command line. */
function fileOf(environment, command) {
  if (environment.includes('SEVENFOLD_TEST_SHARED=')) return sharedByAll;
  const [, inherited] = /(?:^|\0)SEVENFOLD_TEST_FILE=([^\0]*)/.exec(environment) ?? [];
  const [, own] = /\/(test\/[^ ]*\.test)\.(?:js|ts)(?: |$)/.exec(command) ?? [];
  return inherited ?? (own === undefined ? undefined : `${own}.ts`);
}

/**
 * Watches the processes that carry `mark` in their environment; `linux` alone tells. `onSeen` gets the environment of each
 * new one, a few times. Every look costs the suite: a stat of each process, and no more for those that are known.
 */
export function watchStarted(mark, onSeen = () => {}, { everyMs = 400 } = {}) {
  /** By pid and start time: kind, test file, how often it was looked at, and the seconds seen last. */
  const seen = new Map();
  const strangers = new Set();

  function look() {
    if (process.platform !== 'linux') return;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const key = `${name} ${fields[19]}`;
        if (strangers.has(key)) continue;
        let known = seen.get(key);
        if (known === undefined) {
          if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) {
            strangers.add(key);
            continue;
          }
          seen.set(key, (known = { seconds: 0, looks: 0 }));
        }
        known.seconds = (Number(fields[11]) + Number(fields[12])) / ticks;
        if ((known.looks += 1) > settledAfterLooks) continue;
        // A fork has its parent's name and environment until it runs something else.
        const environment = readFileSync(`/proc/${name}/environ`, 'latin1');
        onSeen(environment);
        const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
        if (command === '') continue;
        known.kind = (kinds.find(([, pattern]) => pattern.test(command)) ?? ['others'])[0];
        known.file = fileOf(environment, command);
      } catch {
        // ended in this moment, or not ours to read
      }
    }
  }
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    stop: () => clearInterval(timer),
    /** `[kind, how many, seconds of a core]`, the most first. */
    byKind: () => sumBy([...seen.values()], ({ kind = 'others' }) => kind),
    /** The same by test file, those of pytest apart: its processes run many. `kinds` is `byKind` of the file. */
    byFile() {
      const all = [...seen.values()].filter(({ file }) => file !== undefined);
      return sumBy(all, ({ file }) => file).map(([file, count, seconds]) => ({
        file,
        count,
        seconds,
        kinds: sumBy(
          all.filter((one) => one.file === file),
          ({ kind = 'others' }) => kind,
        ),
      }));
    },
  };
}

function sumBy(all, keyOf) {
  const sums = new Map();
  for (const one of all) {
    const [count, total] = sums.get(keyOf(one)) ?? [0, 0];
    sums.set(keyOf(one), [count + 1, total + one.seconds]);
  }
  return [...sums].map(([key, [count, seconds]]) => [key, count, seconds]).sort(([, , a], [, , b]) => b - a);
}
