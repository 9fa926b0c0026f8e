import { Context } from '@temporalio/activity';

const everyMs = 2_000;
/** An activity that has said nothing for this long hangs: its heartbeat stops, and Temporal gives it to another worker. */
const silentMs = 10 * 60_000;

interface Said {
  details?: unknown;
  at: number;
}

const lastSaid = new WeakMap<Context, Said>();

/** Says where the activity is, and that it gets on; the beats in between repeat it, because each replaces the last. */
export function heartbeat(details: unknown): void {
  const context = Context.current();
  lastSaid.set(context, { details, at: Date.now() });
  context.heartbeat(details);
}

/**
 * Beats while `work` runs, so that a worker that is killed in any activity is noticed within its heartbeat time-out. It
 * repeats what `heartbeat` said last, and stops where nothing was said for ten minutes: a watcher that hangs is replaced.
 */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  lastSaid.set(context, { at: Date.now() });
  const beat = setInterval(() => {
    const { details, at } = lastSaid.get(context)!;
    if (Date.now() - at < silentMs) context.heartbeat(details);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
