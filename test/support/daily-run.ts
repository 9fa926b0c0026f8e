import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { onlyEngine } from './engines.ts';
import { testDatabase } from './postgres.ts';

/** For activities that send no batch: whoever uses it finds out. */
const noEngine = new Proxy({} as Engine, {
  get(_, name) {
    if (name === 'name') return 'none';
    throw new Error(`this test has no engine, but ${String(name)} was asked of it`);
  },
});

/** What activities need, on a database of the test's own. Temporal answers that nobody is open. */
export async function testDependencies(t: TestContext, engine: Engine = noEngine): Promise<Dependencies> {
  const databaseUrl = await testDatabase(t);
  const database = openDatabase(databaseUrl, 'test');
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-test-state-'));
  t.after(async () => {
    await database.end();
    await rm(stateFolder, { recursive: true });
  });
  const temporal = {
    workflow: { getHandle: () => ({ describe: async () => ({ status: { name: 'COMPLETED' }, raw: {} }) }) },
  } as unknown as Dependencies['temporal'];
  return {
    config: { ...readConfig(), stateFolder },
    database,
    databaseUrl,
    engines: onlyEngine(engine),
    temporal,
    log: pino({ level: 'silent' }),
  };
}

export interface TestPool {
  id: string;
  protocol?: string | null;
  chain?: string | null;
  symbol?: string | null;
  tokens?: string[];
  addresses?: string[];
  active?: boolean;
}

export const usdc = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

/** Pools that pass by default, with a constant history up to and including `last`. */
export async function fillPools(
  database: Database,
  dataset: string,
  pools: readonly TestPool[],
  history: { first: string; last: string },
): Promise<void> {
  for (const pool of pools) {
    await database.query(
      `insert into pools (dataset, pool_id, protocol, chain, symbol, tvl, apy, underlying_tokens,
                          underlying_token_addresses, is_active, change_seq)
       values ($1, $2, $3, $4, $5, 1e6, 5, $6, $7, $8, nextval('change_seq'))`,
      [
        dataset,
        pool.id,
        pool.protocol === undefined ? 'aave-v3' : pool.protocol,
        pool.chain === undefined ? 'Ethereum' : pool.chain,
        pool.symbol === undefined ? 'USDC' : pool.symbol,
        pool.tokens ?? ['USDC'],
        pool.addresses ?? [usdc],
        pool.active ?? true,
      ],
    );
  }
  await database.query(
    `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq)
     select $1, pool_id, day, 5, 1e6, nextval('change_seq')
       from pools, generate_series($2::date, $3::date, '1 day') as day where dataset = $1`,
    [dataset, history.first, history.last],
  );
}
