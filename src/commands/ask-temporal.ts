import type { Client } from '@temporalio/client';
import type { Config } from '../config.ts';
import { clientOptions, resolveConnections } from '../connections.ts';

/** How long a command that only looks waits for a Temporal that may be down. */
const patience = '2 seconds';

/** Asks Temporal for what only adds to an answer: undefined where it does not answer. */
export async function askTemporal<T>(
  config: Config,
  ask: (client: Client) => Promise<T>,
): Promise<T | undefined> {
  try {
    const { temporal } = await resolveConnections(config);
    const temporalClient = await import('@temporalio/client');
    const options = clientOptions(temporal.connection);
    const connection = await temporalClient.Connection.connect({ ...options, connectTimeout: patience });
    const answer = await ask(new temporalClient.Client({ connection, namespace: temporal.namespace }));
    // Only now: where `ask` failed, a retry may be under way, which throws in a closed channel, past every catch.
    await connection.close();
    return answer;
  } catch {
    return undefined;
  }
}
