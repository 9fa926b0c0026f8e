import { classify, Failure, isFailureType } from '../failures.ts';
import type { FailureType } from '../failures.ts';

/**
 * Whether an error is one of Temporal's, by its name: the classes come with the client, whose import takes half a second
 * that `--help` must not pay.
 */
export function isTemporalError(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** Our own type in an `ApplicationFailure` of Temporal. */
export function applicationType(error: unknown): FailureType | undefined {
  if (!isTemporalError(error, 'ApplicationFailure')) return undefined;
  const { type } = error as { type?: unknown };
  return isFailureType(type) ? type : undefined;
}

/** The type and the line of anything a command may end with. */
export function describeFailure(error: unknown): { type: string; message: string; expected: boolean } {
  if (error instanceof Failure) return { type: error.type, message: error.message, expected: true };
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const type = applicationType(cause);
    if (type !== undefined) return { type, message: cause.message, expected: true };
  }
  const { type, message } = classify(error);
  const code = (error as { code?: unknown }).code;
  // Wrong password, unknown user or database: the server's own words say which.
  if (typeof code === 'string' && /^(28|3D)/.test(code)) {
    return {
      type: 'InvalidInput',
      message: `PostgreSQL refused: ${message}. Check DATABASE_URL.`,
      expected: true,
    };
  }
  if (type === 'Infrastructure') {
    return {
      type,
      message: `${message}. Check DATABASE_URL and TEMPORAL_ADDRESS, or: npx sevenfold status`,
      expected: true,
    };
  }
  return { type, message, expected: type !== 'JobFailed' };
}

/** One line on the error stream; a stack only for what nobody expected, and only with LOG_LEVEL=debug. */
export function reportFailure(error: unknown, how: { json: boolean; debug: boolean }): void {
  const { type, message, expected } = describeFailure(error);
  if (how.json) process.stdout.write(`${JSON.stringify({ status: 'failed', error: { type, message } })}\n`);
  else process.stderr.write(`${message}\n`);
  if (expected) return;
  const more =
    how.debug && error instanceof Error
      ? error.stack
      : 'Nobody expected this; LOG_LEVEL=debug shows where it comes from.';
  process.stderr.write(`${more}\n`);
}

export function exitCodeOf(error: unknown): number {
  return describeFailure(error).type === 'InvalidInput' ? 2 : 1;
}
