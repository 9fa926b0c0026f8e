import type { Database } from '../database/pool.ts';
import { alertMessage, judge, lookBackMs, minuteOf, owedRuns } from './deadlines.ts';
import type { FoundRun, OwedRun } from './deadlines.ts';
import {
  claimUnnotified,
  openAlerts,
  raiseAlerts,
  readApplied,
  releaseNotification,
  resolveAlerts,
} from './ledger.ts';
import type { Alert, AlertKind, AppliedSchedule } from './ledger.ts';
import { schedulable } from './workflows.ts';

/**
 * Brings one line to a person. `sent: false` means that it certainly did not arrive and may be sent again; where nobody
 * can know it counts as sent, and `problem` says so.
 */
export type Notify = (text: string) => Promise<{ sent: boolean; problem?: string }>;

export interface DeadlineCheck {
  /** What was not known before, in lines fit to be read: each alert its own, or one for many. */
  raised: string[];
  resolved: number;
  /** Alerts whose run is still not complete. */
  open: Alert[];
  /** Why a message could not be sent. */
  problems: string[];
}

/** More alerts than this at once become one line: after a long outage nobody reads twenty. */
const linesAtMost = 3;

/**
 * Looks for scheduled runs that did not start or are late, by the ledger alone; notes each once in `alerts`, tells
 * `notify` (never about sample data) and closes the alerts of runs that are complete by now. Cheap: four statements.
 */
export async function checkDeadlines(
  database: Database,
  now: Date,
  notify: Notify | undefined,
): Promise<DeadlineCheck> {
  const schedules = await readApplied(database);
  const owed = owedRuns(schedules, now);
  const find = await findRuns(database, owed);
  const judged = owed.map((one) => ({ ...one, run: find(one), judgement: judge(one, find(one), now) }));

  const resolved = await resolveAlerts(
    database,
    judged.filter(({ judgement }) => judgement === 'complete'),
    now,
  );
  const found = judged.flatMap((one) => {
    const { scheduleId, nominalTime, run, judgement: kind } = one;
    if (kind === 'complete' || kind === 'open') return [];
    return [{ scheduleId, nominalTime, kind, message: alertMessage(one, run, kind) }];
  });
  const raised = await raiseAlerts(database, found, now);
  const problems = notify === undefined ? [] : await notifyAlerts(database, schedules, notify, now);
  const oldest = new Date(now.getTime() - lookBackMs);
  const open = (await openAlerts(database)).filter(({ nominalTime }) => nominalTime >= oldest);
  return { raised: linesOf(raised), resolved, open, problems };
}

async function findRuns(
  database: Database,
  owed: readonly OwedRun[],
): Promise<(one: OwedRun) => FoundRun | undefined> {
  if (owed.length === 0) return () => undefined;
  const { rows } = await database.query<FoundRun>(
    `select key, workflow_id as "workflowId", status, attempt, claimed_at as "claimedAt", statement
       from runs where key = any ($1) or workflow_id = any ($2)`,
    [owed.flatMap(({ key }) => (key === undefined ? [] : [key])), owed.map(({ workflowId }) => workflowId)],
  );
  const byKey = new Map(rows.map((run) => [run.key, run]));
  const byWorkflow = new Map(rows.map((run) => [run.workflowId, run]));
  return ({ key, workflowId }) => (key === undefined ? byWorkflow.get(workflowId) : byKey.get(key));
}

/** Nothing made from sample data leaves the machine. */
async function notifyAlerts(
  database: Database,
  schedules: readonly AppliedSchedule[],
  notify: Notify,
  now: Date,
): Promise<string[]> {
  const notified = schedules
    .filter(({ spec }) => schedulable(spec.workflow)?.isSample(spec.input) === false)
    .map(({ id }) => id);
  const alerts = await claimUnnotified(database, notified, now);
  const problems: string[] = [];
  for (const { text, alerts: meant } of gathered(alerts)) {
    const answer = await notify(text).catch((error: unknown) => ({
      sent: false,
      problem: (error as Error).message,
    }));
    if (!answer.sent) await releaseNotification(database, meant);
    if (!answer.sent || answer.problem !== undefined) problems.push(answer.problem ?? 'no reason given');
  }
  return problems;
}

function linesOf(alerts: readonly Alert[]): string[] {
  return gathered(alerts).map(({ text }) => text);
}

/** A line for each alert, or, where they are many, one for all of a schedule and kind. */
function gathered(alerts: readonly Alert[]): { text: string; alerts: Alert[] }[] {
  if (alerts.length <= linesAtMost) return alerts.map((alert) => ({ text: alert.message, alerts: [alert] }));
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const name = `${alert.scheduleId} ${alert.kind}`;
    groups.set(name, [...(groups.get(name) ?? []), alert]);
  }
  return [...groups.values()].map((group) => ({ text: summaryOf(group), alerts: group }));
}

const saying: Record<AlertKind, string> = {
  not_started: 'did not start',
  late: 'were not complete by their deadlines',
};

function summaryOf(group: readonly Alert[]): string {
  const [first] = group;
  if (first === undefined || group.length === 1) return first?.message ?? '';
  const times = group.map(({ nominalTime }) => nominalTime.getTime());
  const [oldest, newest] = [Math.min(...times), Math.max(...times)].map((time) => minuteOf(new Date(time)));
  return `schedule ${first.scheduleId}: ${group.length} runs ${saying[first.kind]}, ${oldest} to ${newest}. See: npx sevenfold schedule list`;
}
