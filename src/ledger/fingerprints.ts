import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import type { PoolSettings } from '../pools/settings.ts';
import type { DailyPhase } from '../planning/phases.ts';
import type { Run } from './runs.ts';

/** Raised when the figures of a rule written in TypeScript change; those of the jobs stand beside the jobs. */
const ruleVersions = { prefilter: 1, grouping: 1, icebox: 1, report: 1 };

const jobVersions = JSON.parse(
  readFileSync(new URL('../../spark/sevenfold_jobs/result_versions.json', import.meta.url), 'utf8'),
) as Record<string, number>;

/** What a phase would read now. */
export interface FingerprintContext {
  run: Run;
  settings: PoolSettings;
  /** The folder of a `files` data set, absolute. */
  path: string | undefined;
  parity: boolean;
}

/**
 * A phase is reused only when its fingerprint is today's. It covers what the phase reads and the version of the rule,
 * not the code's commit and nothing that came after the run date. Rows carry the number of the change that last altered
 * them, so "what it reads" is the newest number and a count, without a look at the values.
 */
export async function fingerprint(
  database: Database,
  phase: DailyPhase,
  context: FingerprintContext,
): Promise<string> {
  const { run, settings, parity } = context;
  switch (phase) {
    case 'prepare':
      return digest([settings]);
    case 'ingest':
      return digest([jobVersions['pool_ingest'], run.date, await sourceDigest(context)]);
    case 'prefilter':
      return digest([
        ruleVersions.prefilter,
        settings,
        run.date,
        await row(database, `select ${poolIdentities}, ${newestChange('pool_history')}`, run),
      ]);
    case 'metrics':
      return digest([
        jobVersions['pool_metrics'],
        ruleVersions.grouping,
        ruleVersions.icebox,
        settings,
        parity,
        await row(
          database,
          `select ${poolIdentities}, ${newestChange('pool_history')}, ${newestChange('token_prices_daily')},
                  ${newestChange('gas_fees_daily')},
                  (select count(*) from pool_history where dataset = $1 and date <= $2)`,
          run,
        ),
      ]);
    case 'report': {
      const phases = await database.query<{ row: string }>(
        `select unit || ' ' || coalesce(committed_fingerprint, '') || ' ' || coalesce(committed_attempt::text, '') as row
           from units where run_id = $1 and unit <> 'report' order by unit`,
        [run.runId],
      );
      return digest([ruleVersions.report, phases.rows.map((phase) => phase.row)]);
    }
  }
}

function digest(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

// What the rules read of a pool. Its newest TVL and APY are left out: they change every day, and a day that is looked at
// again later takes them from the history.
const poolIdentities = `(
  select md5(string_agg(md5((pool_id, chain, protocol, symbol, underlying_tokens, underlying_token_addresses, poolmeta,
                             is_active)::text), '' order by pool_id))
    from pools where dataset = $1 and $2::date is not null)`;

function newestChange(table: 'pool_history' | 'token_prices_daily' | 'gas_fees_daily'): string {
  return `(select max(change_seq) from ${table} where dataset = $1 and date <= $2)`;
}

async function row(database: Database, query: string, run: Run): Promise<unknown> {
  return (await database.query({ text: query, values: [run.dataset, run.date], rowMode: 'array' })).rows[0];
}

/** The bytes of a folder's data files, or the settings of the generated panel. */
async function sourceDigest({ path }: FingerprintContext): Promise<string> {
  const hash = createHash('sha256');
  if (path === undefined) {
    hash.update(readFileSync(new URL('../../config/pools/sample.json', import.meta.url)));
    return hash.digest('hex');
  }
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    throw new Failure('InvalidInput', `The folder ${path} cannot be read (${error.code}): check --path.`, {
      cause: error,
    });
  });
  for (const name of names.filter((each) => /\.(csv|parquet)$/.test(each)).sort()) {
    hash.update(`${name}\0`);
    for await (const chunk of createReadStream(join(path, name))) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
