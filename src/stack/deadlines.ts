import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { openDatabase } from '../database/pool.ts';
import type { Notify } from '../schedules/check.ts';
import { checkDeadlines } from '../schedules/check.ts';

const everyMs = 60_000;
/** A database that is stopped in the middle of an answer keeps nobody waiting longer. */
const limitMs = 30_000;

export interface DeadlineWatch {
  databaseUrl: () => string;
  log: Pick<Logger, 'info' | 'error'>;
  /** Undefined where there is no webhook. */
  notify: Notify | undefined;
  intervalMs?: number;
  now?: () => Date;
  /** Ends the watch. */
  signal?: AbortSignal;
}

/**
 * Looks for late runs once a minute, in the supervisor: a dead worker cannot report itself. The first look comes a minute
 * after the start, when Temporal has started what was missed. Without a database it says so once and tries again.
 */
export async function watchDeadlines(watch: DeadlineWatch): Promise<void> {
  const { log, signal } = watch;
  const said = new Map<'check' | 'notify', string>();
  for (;;) {
    try {
      await sleep(watch.intervalMs ?? everyMs, undefined, { ref: false, ...(signal && { signal }) });
    } catch {
      return;
    }
    try {
      const { raised, resolved, problems } = await checkOnce(watch);
      if (said.delete('check')) log.info('deadlines are checked again');
      for (const line of raised) log.error(line);
      if (resolved > 0) log.info({ resolved }, 'late runs are complete now');
      sayOnce(
        log,
        said,
        'notify',
        problems.length === 0 ? undefined : `an alert could not be sent: ${problems[0]}`,
      );
    } catch (error) {
      sayOnce(log, said, 'check', `deadlines cannot be checked, trying again: ${(error as Error).message}`);
    }
  }
}

/** A trouble that goes on for hours is one line in the log. */
function sayOnce(
  log: DeadlineWatch['log'],
  said: Map<'check' | 'notify', string>,
  about: 'check' | 'notify',
  text: string | undefined,
): void {
  if (text === undefined) said.delete(about);
  else if (!said.has(about)) {
    said.set(about, text);
    log.error(text);
  }
}

async function checkOnce({ databaseUrl, notify, now }: DeadlineWatch) {
  const database = openDatabase(databaseUrl(), 'sevenfold-deadlines', 1);
  try {
    return await Promise.race([
      checkDeadlines(database, now?.() ?? new Date(), notify),
      sleep(limitMs, undefined, { ref: false }).then(() => {
        throw new Error(`the database did not answer within ${limitMs / 1_000} s`);
      }),
    ]);
  } finally {
    // Not waited for: the session of a stopped server would never say goodbye.
    void database.end().catch(() => undefined);
  }
}
