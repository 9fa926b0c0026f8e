import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/pool.ts';
import { clockRemark, judgeAnswer } from './answers.ts';
import type { Answer, Trouble } from './answers.ts';
import type { Call, SourceClient } from './client.ts';
import { LongPause, NoAnswer } from './no-answer.ts';
import { keysStored, storeResponse } from './responses.ts';
import { shownUrl, withoutKeys } from './secrets.ts';
import { CannotPlan } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';

/** How often one body is asked for, usually ... */
const mostTries = 8;
/** ... and where nobody is reached at all, or for how long: a machine without a network finds out within a minute. */
const mostUnreachable = 4;
const unreachableMs = 15_000;
const longestWaitMs = 6_000;
const usualWaitMs = 500;
/** Where a host asks for a pause and does not say how long. */
const usualPauseMs = 10_000;

export interface Fetched {
  stored: number;
  bytes: number;
  /** Wanted and not there. */
  missing: number;
  /** What is wrong with this machine's clock, by the last accepted answer. */
  clock?: string;
}

export interface Fetching {
  database: Database;
  client: SourceClient;
  source: LiveSource;
  day: DayInHand;
  /** Bodies that are asked for at once; the client has a limit for each host besides. */
  concurrency: number;
  /** Only so many of the wanted keys, from this one on in their order. */
  slice?: { from: number; count: number };
  signal?: AbortSignal;
  /** How often one body is asked for. */
  tries?: number;
  /** Before the second try, doubled before each further one. */
  waitMs?: number;
  /** After each body, with how many are there. */
  progress?: (done: number, wanted: number) => void;
  /** After each body, before the next is asked for. */
  stored?: () => Promise<void>;
}

/**
 * Brings what a day wants of a source and is not stored yet; each body is stored as soon as it is there, so that whoever
 * comes after a kill asks for the rest alone. Bodies that cannot be had are no error: what was answered is on record.
 * Throws LongPause where a host asks for one.
 */
export async function fetchMissing(fetching: Fetching): Promise<Fetched> {
  const { database, source, day, slice, concurrency } = fetching;
  const fetched: Fetched = { stored: 0, bytes: 0, missing: 0 };
  const tried = new Set<string>();
  for (;;) {
    let wanted: Wanted[];
    try {
      wanted = await source.wanted(day);
    } catch (error) {
      if (error instanceof CannotPlan) return fetched;
      throw error;
    }
    if (slice !== undefined) wanted = wanted.slice(slice.from, slice.from + slice.count);
    const stored = await keysStored(database, source.name, day.day);
    const missing = wanted.filter(({ key }) => !stored.has(key));
    const open = missing.filter(({ key }) => !tried.has(key));
    fetched.missing = missing.length;
    if (open.length === 0) return fetched;
    let done = wanted.length - missing.length;
    await inTurns(open, concurrency, async (one) => {
      tried.add(one.key);
      const answer = await fetchOne(fetching, one);
      if (answer === undefined) return;
      fetched.stored += 1;
      fetched.bytes += answer.body.length;
      const clock = clockRemark(answer.date, Date.now());
      if (clock !== undefined) fetched.clock = clock;
      done += 1;
      fetching.progress?.(done, wanted.length);
      await fetching.stored?.();
    });
  }
}

/** One body with all its tries; undefined where it cannot be had. */
async function fetchOne(fetching: Fetching, wanted: Wanted): Promise<Answer | undefined> {
  const { client, signal, tries: allTries = mostTries } = fetching;
  let call = wanted.calls[0]!;
  let unreachable = 0;
  const began = performance.now();
  for (let tries = 1; ; tries += 1) {
    const next = wanted.calls[wanted.calls.indexOf(call) + 1];
    const asked = await askOnce(fetching, call, wanted).catch((error: unknown) => {
      // A host that wants a long pause is not waited for where another one may be asked.
      if (!(error instanceof LongPause) || next === undefined) throw error;
    });
    if (asked === undefined) {
      call = next!;
      continue;
    }
    const { answer, trouble, reached } = asked;
    await storeResponse(fetching.database, {
      ...{ source: fetching.source.name, key: wanted.key, day: fetching.day.day, url: shownUrl(call.url) },
      ...(answer && { answer }),
      ...(trouble && { problem: trouble.problem }),
    });
    if (trouble === undefined) return answer;
    if (!reached) unreachable = performance.now() - began > unreachableMs ? mostUnreachable : unreachable + 1;
    const waitMs = Math.min(longestWaitMs, (fetching.waitMs ?? usualWaitMs) * 2 ** (tries - 1));
    // A pause of 0, or until a moment that is over, is no leave to ask again at once.
    if (trouble.then === 'pause')
      client.pause(call.url, jittered(Math.max(trouble.ms ?? usualPauseMs, waitMs), 1, 1.25));
    const usedUp = trouble.then === 'final' || tries >= allTries || unreachable >= mostUnreachable;
    // Half of the tries belong to the next address, where there is one.
    if (next !== undefined && (usedUp || tries >= allTries / 2 || unreachable >= mostUnreachable / 2)) {
      call = next;
      unreachable = 0;
      continue;
    }
    if (usedUp) return undefined;
    if (trouble.then === 'again') {
      await sleep(jittered(waitMs, 0.5, 1), undefined, { signal });
    }
  }
}

async function askOnce(
  { client, signal }: Fetching,
  call: Call,
  { expected }: Wanted,
): Promise<{ answer?: Answer; trouble?: Trouble; reached: boolean }> {
  try {
    const answer = await client.ask(call, signal);
    const trouble = judgeAnswer(answer, expected, Date.now());
    if (trouble === undefined) return { answer, reached: true };
    // Some providers repeat the key that they refuse.
    const shown = withoutKeys(answer, call);
    return { answer: shown, reached: true, trouble: judgeAnswer(shown, expected, Date.now()) ?? trouble };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { trouble: { then: 'again', problem: error.message }, reached: !error.unreachable };
  }
}

function jittered(ms: number, least: number, most: number): number {
  return ms * (least + Math.random() * (most - least));
}

/** Does all, so many at once, in order; the first that throws ends it when those in flight have ended. */
async function inTurns<T>(
  all: readonly T[],
  concurrency: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let problem: unknown;
  const lane = async (): Promise<void> => {
    while (next < all.length && problem === undefined) {
      try {
        await work(all[next++]!);
      } catch (error) {
        problem ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, all.length) }, lane));
  if (problem !== undefined) throw problem as Error;
}
