import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import type { Logger } from 'pino';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * What Temporal's SDK says goes into our log at the level that it has there: a warning or an error must not vanish because
 * somebody asked for warnings and errors only.
 */
export function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('WARN', (entry) => writeEntry(log, entry));
}

function writeEntry(log: Logger, { level, message, meta }: LogEntry): void {
  // pino writes the level; a second one would make the line ambiguous to whoever reads it as JSON.
  const { level: _, ...rest } = (meta ?? {}) as Record<string, unknown>;
  log[levels[level]](rest, message);
}
