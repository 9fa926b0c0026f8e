import { Context } from '@temporalio/activity';

const everyMs = 2_000;
/** An activity that has said nothing for this long hangs: its heartbeat stops, and Temporal gives it to another worker. */
const silentMs = 10 * 60_000;

interface Said {
  details?: unknown;
  /** Counted and not read from a clock, which may be set back. */
  beatsSince: number;
}

const lastSaid = new WeakMap<Context, Said>();

/** Says where the activity is, and that it gets on; the beats in between repeat it, because each replaces the last. */
export function heartbeat(details: unknown): void {
  const context = Context.current();
  lastSaid.set(context, { details, beatsSince: 0 });
  context.heartbeat(details);
}

/**
 * Beats while `work` runs, so that a worker that is killed in any activity is noticed within its heartbeat time-out. It
 * repeats what `heartbeat` said last, and stops where nothing was said for ten minutes: a watcher that hangs is replaced.
 */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  lastSaid.set(context, { beatsSince: 0 });
  const beat = setInterval(() => {
    const said = lastSaid.get(context)!;
    said.beatsSince += 1;
    if (said.beatsSince * everyMs < silentMs) context.heartbeat(said.details);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
