import type { Dependencies } from '../../activities/dependencies.ts';
import { Failure } from '../../failures.ts';
import { isOpenStatus } from '../../ledger/runs.ts';
import type { Claimant, Run } from '../../ledger/runs.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import type { ForecastRequest } from './forecasts.ts';

/** Two open backfills that write the same dates would only get into each other's way. */
export async function refuseOverlap(
  deps: Dependencies,
  key: string,
  request: ForecastRequest,
): Promise<void> {
  const others = await deps.database.query<Claimant & { key: string; status: Run['status'] }>(
    `select key, status, workflow_id as "workflowId", workflow_run_id as "workflowRunId" from runs r
      where kind = 'forecastBackfill' and dataset = $1 and key <> $2 and status in ('running', 'paused')
        and request ->> 'start' <= $4 and request ->> 'end' >= $3
        and exists (select 1 from jsonb_array_elements(r.request -> 'models') m where m ->> 'version' = any ($5))`,
    [
      `prices/${request.commodity}`,
      key,
      request.start,
      request.end,
      request.models.map(({ version }) => version),
    ],
  );
  for (const other of others.rows) {
    if (isOpenStatus(other.status) && (await isOpenInTemporal(deps.temporal, other))) {
      throw new Failure(
        'AlreadyRunning',
        `${other.key} is running and makes some of the same dates. Watch it: sevenfold watch ${other.key}`,
      );
    }
  }
}
