import type { RunStatus } from '../ledger/runs.ts';
import { nominalTimes } from './cron.ts';
import { durationMs } from './duration.ts';
import type { AlertKind, AppliedSchedule } from './ledger.ts';
import { schedulable } from './workflows.ts';

/** Older runs are not looked at any more: nobody acts on them. */
export const lookBackMs = 31 * 86_400_000;
/** Nominal times looked at for each schedule. A cron of every minute has 44,640 in the look-back; the newest say enough. */
const mostTimes = 1_000;
/** So long after its time (and its jitter) a run counts as not started, unless its deadline comes first. */
const startsWithinMs = 15 * 60_000;

/** One run that a schedule owes. */
export interface OwedRun {
  scheduleId: string;
  nominalTime: Date;
  startBy: Date;
  completeBy: Date;
  /** The ledger knows the run by one of these: the business key, whoever started it, else Temporal's id. */
  key: string | undefined;
  workflowId: string;
}

/** What the ledger knows of a run that is owed. */
export interface FoundRun {
  key: string;
  workflowId: string;
  status: RunStatus;
  attempt: number;
  claimedAt: Date;
  statement: string | null;
}

/** The runs that schedules owe at `now`: since they count, not while they were paused, not older than the look-back. */
export function owedRuns(schedules: readonly AppliedSchedule[], now: Date): OwedRun[] {
  return schedules.flatMap((schedule) => {
    const { spec, pauses, removedAt, countsFrom } = schedule;
    // A row may have been written by other code than this.
    const workflow = schedulable(spec.workflow);
    if (removedAt !== null || workflow === undefined || workflow.outsideLedger) return [];
    const after = new Date(Math.max(countsFrom.getTime(), now.getTime() - lookBackMs));
    const completeInMs = durationMs(spec.deadline)!;
    const startsInMs = Math.min(durationMs(spec.jitter)! + startsWithinMs, completeInMs);
    return nominalTimes(spec.cron, after, now, mostTimes)
      .filter((time) => !pauses.some(({ from, to }) => time >= from && (to === null || time < to)))
      .map((nominalTime) => ({
        scheduleId: schedule.id,
        nominalTime,
        startBy: new Date(nominalTime.getTime() + startsInMs),
        completeBy: new Date(nominalTime.getTime() + completeInMs),
        key: workflow.scheduledKey?.(spec.input, nominalTime),
        workflowId: scheduledWorkflowId(spec.id, nominalTime),
      }));
  });
}

/** The id that Temporal gives to the run of a nominal time. */
export function scheduledWorkflowId(scheduleId: string, nominalTime: Date): string {
  return `${scheduleId}-${nominalTime.toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

/** `complete` and the kinds of alerts speak for themselves; `open` has time left, or somebody works on it again. */
export type Judgement = 'complete' | 'open' | AlertKind;

export function judge(owed: OwedRun, run: FoundRun | undefined, now: Date): Judgement {
  if (run === undefined) return now > owed.startBy ? 'not_started' : 'open';
  if (run.status === 'complete') return 'complete';
  // Claimed anew after its deadline, it is being redone or retried: whether it was in time was judged before.
  const takenUpAgain = run.attempt > 1 && run.claimedAt > owed.completeBy;
  return now > owed.completeBy && !takenUpAgain ? 'late' : 'open';
}

/** An alert in one line: what, which, what to do. */
export function alertMessage(owed: OwedRun, run: FoundRun | undefined, kind: AlertKind): string {
  const which = `schedule ${owed.scheduleId}: the run of ${minuteOf(owed.nominalTime)}`;
  if (kind === 'not_started' || run === undefined) {
    return `${which} did not start (deadline ${minuteOf(owed.completeBy)}). See: npx sevenfold status`;
  }
  const how = run.statement ?? `it is ${run.status}`;
  return `${which} was not complete by ${minuteOf(owed.completeBy)}: ${how.replace(/\.?$/, '.')} See: npx sevenfold why ${run.key}`;
}

/** `2026-11-20 00:01 UTC` */
export function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
