// What a test run started, and what it took of the processors: looked at while it runs, because most of it detaches.
import { readdirSync, readFileSync } from 'node:fs';

const ticks = 100; // of a second, on every Linux that we know

const kinds = [
  ['JVMs', /\bjava\b.*(spark|py4j|gateway)/i],
  ['test servers of Temporal', /temporal-test-server|testserver/i],
  ['Temporal servers', /temporal server start-dev/],
  ['supervisors', /supervisor\.js|stack-supervisor|stack\/main\.ts/],
  ['keepers', /keeper\.js|local\/main\.ts/],
  ['workers', /worker\.js|launch\.mjs worker/],
  ['commands', /sevenfold\.mjs|client\.js/],
  ['browsers', /chrom/i],
  ['PostgreSQL', /postgres|initdb/],
  ['pytest', /-m pytest|execnet/],
  ['Python', /python/],
  ['test files', /node .*--test|\.test\.(js|ts)/],
];

/** A process that is this old has run what it was started for: its command line is not read again. */
const settledAfterLooks = 4;

/**
 * Watches the processes that carry `mark` in their environment; `linux` alone tells. `onSeen` gets the environment of each
 * new one, a few times. Every look costs the suite: a stat of each process, and no more for those that are known.
 */
export function watchStarted(mark, onSeen = () => {}, { everyMs = 400 } = {}) {
  /** By pid and start time: kind, how often it was looked at, and the seconds seen last. */
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
        onSeen(readFileSync(`/proc/${name}/environ`, 'latin1'));
        const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
        if (command !== '')
          known.kind = (kinds.find(([, pattern]) => pattern.test(command)) ?? ['others'])[0];
      } catch {
        // ended in this moment, or not ours to read
      }
    }
  }
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    /** `[kind, how many, seconds of a core]`, the most first. */
    sum() {
      clearInterval(timer);
      const byKind = new Map();
      for (const { kind = 'others', seconds } of seen.values()) {
        const [count, total] = byKind.get(kind) ?? [0, 0];
        byKind.set(kind, [count + 1, total + seconds]);
      }
      return [...byKind]
        .map(([kind, [count, seconds]]) => [kind, count, seconds])
        .sort(([, , a], [, , b]) => b - a);
    },
  };
}
