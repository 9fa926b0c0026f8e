import type { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.ts';
import { clientOptions, resolveConnections, usesEmbeddedStack } from '../connections.ts';
import { openDatabase } from '../database/pool.ts';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { findRun, listRuns } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { legible } from '../planning/legible.ts';
import { describeFailure } from './failures.ts';
import type { Output } from './output.ts';

/** What a command that deals with runs has open. */
export interface Session {
  database: Database;
  /** Connects when first asked: what only reads the ledger works without Temporal. */
  temporal(): Promise<Client>;
  /**
   * Revives what died of the embedded stack; nothing where the stack is somebody else's. A stack that a person took down
   * is not ours to bring back: `Cancelled`.
   */
  revive(): Promise<void>;
}

/** Opens a session on a stack that is up, runs `work`, and closes everything. */
export async function withSession<T>(
  config: Config,
  out: Output | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const embedded = usesEmbeddedStack(config);
  const { ensureUp } = await import('../stack/stack.ts');
  if (embedded) await ensureUp(config, (text) => out?.line(text));
  const { databaseUrl, temporal } = await resolveConnections(config);
  const database = openDatabase(databaseUrl, 'sevenfold', 3);
  let connection: Connection | undefined;
  try {
    return await work({
      database,
      async revive() {
        // Silent, and never for changed code: a restart in the middle of the run would serve nobody.
        if (embedded) await ensureUp(config, () => {}, { reviveOnly: true });
      },
      async temporal() {
        connection ??= await connect(temporal.connection);
        const temporalClient = await import('@temporalio/client');
        return new temporalClient.Client({ connection, namespace: temporal.namespace });
      },
    });
  } finally {
    // Temporal's connection is left to the end of the process: a retry under way in a closed channel throws out of its
    // timer, past every catch.
    await database.end();
  }
}

async function connect(options: { address: string }): Promise<Connection> {
  const temporalClient = await import('@temporalio/client');
  try {
    return await temporalClient.Connection.connect({
      ...clientOptions(options),
      connectTimeout: '15 seconds',
    });
  } catch (error) {
    // What it refuses (a key, a certificate) is another thing than a server that does not answer.
    const { type, message } = describeFailure(error);
    if (type === 'InvalidInput') throw new Failure(type, message, { cause: error });
    throw new Failure(
      'Infrastructure',
      `Temporal does not answer at ${options.address}. See: npx sevenfold status`,
      { cause: error },
    );
  }
}

/** The run that a person means: by key, by workflow id, or the newest when nothing is said. */
export async function chooseRun(database: Database, named: string | undefined): Promise<Run> {
  if (named !== undefined) {
    const run = await findRun(database, named);
    if (run) return run;
  }
  const runs = await listRuns(database, 50);
  const chosen =
    named === undefined ? runs[0] : runs.find((run) => run.workflowId === named || run.runId === named);
  if (chosen) return chosen;
  throw new Failure(
    'InvalidInput',
    named === undefined
      ? 'There is no run yet. Start one: npx sevenfold run daily --dataset sample --date <day>'
      : `There is no run "${legible(named)}". Known: ${
          runs
            .slice(0, 5)
            .map((run) => run.key)
            .join(', ') || 'none'
        }.`,
  );
}
