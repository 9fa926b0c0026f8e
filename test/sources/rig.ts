import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { chainBefore } from '../../src/kinds/daily/fetching.ts';
import { readConfig } from '../../src/config.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';
import { SourceClient, usualLimits } from '../../src/sources/client.ts';
import type { Limits } from '../../src/sources/client.ts';
import { fetchMissing } from '../../src/sources/fetch.ts';
import type { Fetched } from '../../src/sources/fetch.ts';
import { sourceNamed, sourcesFor } from '../../src/sources/index.ts';
import { digestOf, lastProblems, readBody, storedAt } from '../../src/sources/responses.ts';
import { readSourceSettings } from '../../src/sources/settings.ts';
import type { SourceSettings } from '../../src/sources/settings.ts';
import { howItEnded } from '../../src/sources/settle.ts';
import type { SourceDay } from '../../src/sources/settle.ts';
import type { DayInHand, SourceName } from '../../src/sources/source.ts';
import { startLiveEmulator } from '../live/service.ts';
import type { LiveEmulator } from '../live/service.ts';
import type { ChainTransfer } from '../live/chain.ts';
import type { Recorded } from '../live/recorded.ts';
import { testDatabase } from '../support/postgres.ts';

export const day = '2026-11-20';

export interface SourceRig {
  emulator: LiveEmulator;
  database: Database;
  settings: SourceSettings;
  inHand(date?: string): DayInHand;
  fetch(source: SourceName, date?: string): Promise<Fetched>;
  /** Every source once, in their order; answers how each ended. */
  fetchDay(date?: string): Promise<Record<string, SourceDay>>;
}

/** One for all tests of a file: what they look at is emptied before each. */
const databaseUrl = testDatabase({ after: (drop) => after(drop as () => Promise<void>) });

/** Fetching as an activity does it, without Temporal. */
export async function sourceRig(
  t: { after: (end: () => unknown) => void },
  {
    pools = 4,
    limits,
    variables,
    tries,
    waitMs = 1,
    chain = false,
    transfers,
    recorded,
  }: {
    pools?: number;
    limits?: Partial<Limits>;
    variables?: Record<string, string>;
    /** For each body; as usual when left out. */
    tries?: number;
    /** Before the second try. */
    waitMs?: number;
    /** The portfolio is what the emulated wallet holds. */
    chain?: boolean;
    transfers?: readonly ChainTransfer[];
    /** Goes before what the emulator makes. */
    recorded?: Recorded;
  } = {},
): Promise<SourceRig> {
  const emulator = await startLiveEmulator({
    ...{ day, pools, days: 5 },
    ...(transfers && { transfers }),
    ...(recorded && { recorded }),
  });
  const database = openDatabase(await databaseUrl, 'test', 8);
  await database.query('truncate raw_responses, source_days, source_alerts, daily_balances');
  const settings = readSourceSettings({
    ...emulator.environment,
    SEVENFOLD_REQUESTS_PER_MINUTE: '60000',
    ...variables,
  });
  const client = new SourceClient(settings, {
    ...{ ...usualLimits, firstByteMs: 500, bodyMs: 500, paces: false },
    ...limits,
  });
  t.after(async () => {
    await client.close();
    await emulator.stop();
    await database.end();
  });
  const { checkout } = readConfig({});
  const inHand = (date = day): DayInHand => ({
    ...{ day: date, settings, pools: loadPoolSettings(checkout) },
    body: (source, key) => readBody(database, source, key, date, 'same day'),
    earlierBody: (source, key) => readBody(database, source, key, date, 'before'),
    sha256: (source, key) => digestOf(database, source, key, date),
    storedAt: (source) => storedAt(database, source, date),
    problems: async (source) =>
      new Map((await lastProblems(database, source, date)).map(({ key, problem }) => [key, problem])),
    tokensWithoutHistory: async () => ['USDC'],
    poolsHeld: async () => [],
    wallets: chain ? settings.wallets : [],
    chainBefore: () => chainBefore(database, 'live', date),
  });
  const fetch = (source: SourceName, date = day): Promise<Fetched> =>
    fetchMissing({
      ...{ database, client, concurrency: 8, waitMs, ...(tries && { tries }) },
      ...{ source: sourceNamed(source), day: inHand(date) },
    });
  return {
    ...{ emulator, database, settings, inHand, fetch },
    async fetchDay(date = day) {
      const sources = sourcesFor(inHand(date));
      for (const { name } of sources) await fetch(name, date);
      const ends = await Promise.all(sources.map((source) => howItEnded(database, source, inHand(date), [])));
      return Object.fromEntries(ends.filter((end) => end !== undefined).map((end) => [end.source, end]));
    },
  };
}

/** A provider of one test, on loopback. */
export async function listen(t: TestContext, handler: RequestListener): Promise<URL> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
