/** Sources that stay down: one line each, to whoever is to know. */
import type { Database } from '../database/pool.ts';
import { sendAlert } from '../notifications/webhook.ts';
import type { Day } from '../planning/days.ts';

export interface SourceAlert {
  source: string;
  since: Day;
  state: 'aged' | 'failed';
  message: string;
  raisedAt: Date;
}

type Querying = Pick<Database, 'query'>;

const columns = `source, since, state, message, raised_at as "raisedAt"`;
const longestProblem = 300;

/**
 * Notes which sources were not fresh on this run date and the one before it, and closes the alerts of those that are fresh
 * again; from `source_days` alone. Safe to repeat: an outage is noted once, and once more when nothing stands in any longer.
 */
export async function noteSourceAlerts(client: Querying, day: Day): Promise<void> {
  await client.query(
    `update source_alerts a set resolved_at = now()
       from source_days d where d.day = $1 and d.source = a.source and d.state = 'fresh' and a.resolved_at is null
        and a.since <= d.day`,
    [day],
  );
  await client.query(
    `insert into source_alerts (source, since, state, message)
     select d.source, down.since, d.state,
            format('source %s has not been fresh since %s: %s.', d.source, down.since,
                   rtrim(left(coalesce(d.message, d.state), $2), '.'))
              || case when d.state = 'failed' and not d.required
                      then ' Nothing stands in for it any longer.' else '' end
              || ' See: npx sevenfold doctor --live'
       from source_days d
      cross join lateral (
        select min(e.day) as since, count(*) as days from source_days e
         where e.source = d.source and e.day <= d.day
           and e.day > coalesce((select max(f.day) from source_days f
                                  where f.source = d.source and f.day < d.day and f.state = 'fresh'), '-infinity')
      ) down
      where d.day = $1 and d.state <> 'fresh' and down.days >= 2
     on conflict do nothing`,
    [day, longestProblem],
  );
}

/** Sends what nobody was sent yet, each once; what certainly did not arrive is sent with the next day. */
export async function sendSourceAlerts(
  database: Database,
  webhookUrl: string | undefined,
): Promise<string[]> {
  if (webhookUrl === undefined) return [];
  const { rows } = await database.query<SourceAlert>(
    `update source_alerts set notified_at = now() where notified_at is null and resolved_at is null returning ${columns}`,
  );
  const problems: string[] = [];
  for (const { source, since, state, message } of rows) {
    const delivery = await sendAlert(webhookUrl, message);
    if (delivery.problem !== undefined) problems.push(delivery.problem);
    if (delivery.sent) continue;
    await database.query(
      'update source_alerts set notified_at = null where source = $1 and since = $2 and state = $3',
      [source, since, state],
    );
  }
  return problems;
}

export async function openSourceAlerts(database: Querying): Promise<SourceAlert[]> {
  const { rows } = await database.query<SourceAlert>(
    `select ${columns} from source_alerts where resolved_at is null order by since desc, source, state`,
  );
  return rows;
}

/** Closes open alerts by hand: of these sources, or of all. The same outage is not noted again. */
export async function closeSourceAlerts(
  database: Querying,
  { names, lastDay }: { names?: readonly string[]; lastDay?: Day },
  at: Date,
): Promise<SourceAlert[]> {
  const { rows } = await database.query<SourceAlert>(
    `update source_alerts set resolved_at = $3
      where resolved_at is null and ($1::text[] is null or source = any ($1)) and ($2::date is null or since <= $2)
      returning ${columns}`,
    [names ?? null, lastDay ?? null, at],
  );
  return rows.sort((a, b) => (a.source < b.source ? -1 : 1));
}
