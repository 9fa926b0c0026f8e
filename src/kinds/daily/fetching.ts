import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Dependencies } from '../../activities/dependencies.ts';
import { heartbeat } from '../../activities/heartbeat.ts';
import type { Database } from '../../database/pool.ts';
import { inTransaction } from '../../database/pool.ts';
import { failpoint } from '../../failpoints.ts';
import { Failure } from '../../failures.ts';
import { portfolioOf, readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import type { Day } from '../../planning/days.ts';
import { headOf } from '../../sources/chain.ts';
import { noteSourceAlerts, sendSourceAlerts } from '../../sources/alerts.ts';
import { fetchMissing } from '../../sources/fetch.ts';
import type { Fetched } from '../../sources/fetch.ts';
import { sourceNamed, sourcesFor } from '../../sources/index.ts';
import { LongPause } from '../../sources/no-answer.ts';
import { digestOf, lastProblems, readBody, storedAt } from '../../sources/responses.ts';
import { todayOf } from '../../sources/settings.ts';
import { CannotPlan } from '../../sources/source.ts';
import type { DayInHand, HeldPool, SourceName } from '../../sources/source.ts';
import { howItEnded, storeSourceDays } from '../../sources/settle.ts';
import { settingsOfRun } from './settings-snapshot.ts';

/** Bodies that one activity asks for at once. */
const bodiesAtOnce = 8;
/** With fewer days of prices than this a token's history is asked for. */
const daysOfPrices = 30;

interface FetchInput {
  fence: Fence;
  source: SourceName;
}

/**
 * Refuses a day of which nothing was stored, unless it is today and the run fetches: what providers answer now would be
 * booked under a past date. Before anything is written.
 */
export async function refuseUnfetched(
  { database, config }: Dependencies,
  date: Day,
  fetches: boolean,
): Promise<void> {
  const today = todayOf(config.sources);
  if (fetches && date === today) return;
  const { rows } = await database.query<{ days: string[] }>(
    `select coalesce(array_agg(day::text order by day desc), '{}') as days
       from raw_responses where source = 'llama-pools' and accepted`,
  );
  const days = rows[0]!.days;
  if (days.includes(date)) return;
  const stored =
    days.length === 0
      ? 'none is stored'
      : `stored: ${days.slice(0, 5).join(', ')}${days.length > 5 ? ' …' : ''}`;
  if (date === today) {
    throw new Failure(
      'InvalidInput',
      `Live data of ${date} are not fetched yet: run daily --dataset live first, or give a day whose answers are stored (${stored}).`,
    );
  }
  throw new Failure(
    'InvalidInput',
    `Live data of ${date} were not fetched on that day, and what providers answer now is not what was known then. Run today (${today}), or a day whose answers are stored (${stored}).`,
  );
}

/** The sources to ask, each after those that it hangs on; none for a past day, which is made of what was stored. Only reads. */
export async function planFetch(
  deps: Dependencies,
  { fence }: { fence: Fence },
): Promise<{ name: SourceName; after: readonly SourceName[]; patienceMinutes: number; sliced: boolean }[]> {
  const day = await dayInHand(deps, fence);
  if (day.day !== todayOf(deps.config.sources)) return [];
  return sourcesFor(day).map(({ name, after, patienceMinutes }) => ({
    ...{ name, after, patienceMinutes },
    sliced: name === 'llama-charts',
  }));
}

/** How many bodies the day wants of a source; none where what it hangs on is missing. Only reads. */
export async function countWanted(deps: Dependencies, { fence, source }: FetchInput): Promise<number> {
  try {
    return (await sourceNamed(source).wanted(await dayInHand(deps, fence))).length;
  } catch (error) {
    if (error instanceof CannotPlan) return 0;
    throw error;
  }
}

/** Fetches what is missing of a source, or of a slice of it. Safe to repeat: what is stored is not asked for again. */
export async function fetchSource(
  deps: Dependencies,
  { fence, source, slice }: FetchInput & { slice?: { from: number; count: number } },
): Promise<Fetched & { source: SourceName }> {
  await failpoint(deps.config.failpoints, 'fetch-begun');
  // Not loaded by a worker that never fetches: undici takes a tenth of a second of a core.
  const { clientOf } = await import('../../sources/client.ts');
  try {
    const fetched = await fetchMissing({
      database: deps.database,
      client: clientOf(deps.config.sources),
      source: sourceNamed(source),
      day: await dayInHand(deps, fence),
      concurrency: bodiesAtOnce,
      signal: Context.current().cancellationSignal,
      progress: (done, wanted) => heartbeat({ source, done, wanted }),
      stored: () => failpoint(deps.config.failpoints, 'fetch-stored'),
      ...(slice && { slice }),
    });
    return { source, ...fetched };
  } catch (error) {
    if (!(error instanceof LongPause)) throw error;
    // Not waited for here: the wait outlives this process.
    throw ApplicationFailure.create({
      type: 'QuotaExceeded',
      message: error.message,
      nextRetryDelay: error.ms,
    });
  }
}

/** Judges how each source ended, from what is stored. A past day keeps what was said of it. Safe to repeat. */
export async function settleSources(
  deps: Dependencies,
  { fence, troubles }: { fence: Fence; troubles: readonly { source: string; message: string }[] },
): Promise<void> {
  const { database, config } = deps;
  await failpoint(config.failpoints, 'fetch-before-settle');
  const day = await dayInHand(deps, fence);
  const isPast = day.day !== todayOf(config.sources);
  const settled = isPast && (await isSettled(database, day.day));
  const ends = settled
    ? []
    : await Promise.all(sourcesFor(day).map((source) => howItEnded(database, source, day, troubles)));
  await inTransaction(database, async (client) => {
    await storeSourceDays(
      client,
      day.day,
      ends.filter((end) => end !== undefined),
    );
    const { rows } = await client.query<{ due: number }>(
      'select coalesce(sum(keys_due) filter (where required), 0)::int as due from source_days where day = $1',
      [day.day],
    );
    if (!settled) await noteSourceAlerts(client, day.day);
    await passFence(client, fence, { rowsDue: rows[0]!.due });
  });
  for (const problem of await sendSourceAlerts(database, config.slackWebhookUrl))
    deps.log.error({ day: day.day }, problem);
}

async function isSettled(database: Database, day: Day): Promise<boolean> {
  const { rowCount } = await database.query('select 1 from source_days where day = $1 limit 1', [day]);
  return rowCount! > 0;
}

/** What sources and the portfolio may look at of the run's day. */
export async function dayInHand(deps: Dependencies, fence: Fence): Promise<DayInHand> {
  const { database, config } = deps;
  const run = await readRun(database, fence.runId);
  const { dataset } = run;
  const day = run.date!;
  const pools = await settingsOfRun(deps, fence.runId);
  const symbols = pools.approvedTokens.map(({ symbol }) => symbol);
  return {
    ...{ day, pools, settings: config.sources },
    wallets: portfolioOf(run) === 'onchain' ? config.sources.wallets : [],
    body: (source, key) => readBody(database, source, key, day, 'same day'),
    sha256: (source, key) => digestOf(database, source, key, day),
    earlierBody: (source, key) => readBody(database, source, key, day, 'before'),
    storedAt: (source) => storedAt(database, source, day),
    async problems(source) {
      const found = await lastProblems(database, source, day);
      return new Map(found.map(({ key, problem }) => [key, problem]));
    },
    async tokensWithoutHistory() {
      const { rows } = await database.query<{ symbol: string }>(
        `select symbol from unnest($2::text[]) as wanted (symbol)
          where (select count(*) from token_prices_daily p
                  where p.dataset = $1 and p.symbol = wanted.symbol and p.date < $3) < $4`,
        [dataset, symbols, day, daysOfPrices],
      );
      return rows.map(({ symbol }) => symbol);
    },
    async poolsHeld() {
      const { rows } = await database.query<HeldPool>(
        `with held as (
           select pool_id from allocation_positions p
            where dataset = $1 and pool_id is not null
              and date = (select max(date) from allocations a
                           where a.dataset = $1 and a.portfolio = p.portfolio and a.date < $2)
           union
           select pool_id from daily_balances b
            where dataset = $1 and pool_id is not null and portfolio = 'onchain'
              and unallocated_balance + allocated_balance > 0
              and date = (select max(date) from daily_balances
                           where dataset = $1 and portfolio = 'onchain' and date < $2)
         )
         select held.pool_id as "poolId", p.protocol, lower(p.pool_address) as address,
                array(select lower(each) from unnest(p.underlying_token_addresses) as each) as tokens
           from held left join pools p on p.dataset = $1 and p.pool_id = held.pool_id order by held.pool_id`,
        [dataset, day],
      );
      return rows;
    },
    chainBefore: () => chainBefore(database, dataset, day),
  };
}

/** The newest day before whose holdings were taken from the chain, with its block; undefined where that is not stored any more. */
export async function chainBefore(
  database: Database,
  dataset: string,
  day: Day,
): ReturnType<DayInHand['chainBefore']> {
  const { rows } = await database.query<{ date: Day | null }>(
    `select max(date) as date from daily_balances where dataset = $1 and portfolio = 'onchain' and date < $2`,
    [dataset, day],
  );
  const date = rows[0]!.date;
  if (date === null) return undefined;
  const head = await headOf({
    body: (source, key) => readBody(database, source, key, date, 'same day'),
    storedAt: (source) => storedAt(database, source, date),
  });
  return head === undefined ? undefined : { date, head };
}
