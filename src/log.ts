import { pino } from 'pino';
import type { Logger } from 'pino';

/**
 * The log of a process that is kept running: one JSON object a line on standard output. A line that cannot be written (a
 * full disk, a reader that went away) is lost, and is no reason to end.
 */
export function createLog(level: string, base: Record<string, unknown>): Logger {
  const output = pino.destination({ dest: 1, sync: true });
  output.on('error', () => undefined);
  return pino({ level, base }, output);
}
