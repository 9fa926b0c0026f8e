import { printable } from './planning/legible.ts';

/**
 * Every way in which something here can fail, in one list. Temporal, the ledger, the jobs in Python
 * (spark/sevenfold_jobs/common/failures.py) and the pages use these names and no others.
 */
export const failureTypes = {
  /** The request or the data is wrong and stays wrong until a person changes it. */
  InvalidInput: { retryable: false },
  /** Another open run holds the same business key. */
  AlreadyRunning: { retryable: false },
  /** The run ended without everything being there; the message is the statement of what is left. */
  RunIncomplete: { retryable: false },
  /** Today's code cannot go on with the history of an open run; the next start goes on from its rows. */
  CodeChanged: { retryable: false },
  /** A batch with our id exists and belongs to somebody else. */
  NotOurs: { retryable: false },
  /** A newer attempt owns the unit: this one must not commit. */
  Fenced: { retryable: false },
  /** The job's own code failed on this request; the same request would fail again. */
  JobFailed: { retryable: false },
  /** A blocking check found the rows wrong. */
  CheckFailed: { retryable: false },
  /** A process, a connection, a machine went away: the same request may well succeed. */
  Infrastructure: { retryable: true },
  /** A machine of the cluster went away under the batch: another one will do. */
  ExecutorLost: { retryable: true },
  /** The service's quota is used up for this minute: retried, but no sooner than after 60 s. */
  QuotaExceeded: { retryable: true },
  /** Killed for its memory; retried with more. */
  OutOfMemory: { retryable: true },
  /** The database or a disk is full: retried, because someone may make room. */
  NoSpace: { retryable: true },
  /** It ran longer than its hard limit. */
  TimedOut: { retryable: true },
  /** Ended because its run was cancelled. */
  Cancelled: { retryable: false },
} as const;

export type FailureType = keyof typeof failureTypes;

export function isFailureType(value: unknown): value is FailureType {
  return typeof value === 'string' && Object.hasOwn(failureTypes, value);
}

export function isRetryable(type: FailureType): boolean {
  return failureTypes[type].retryable;
}

/** An expected failure: its message is a full answer (what, which, what to do), so no stack is shown for it. */
export class Failure extends Error {
  readonly type: FailureType;
  constructor(type: FailureType, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.name = type;
    this.type = type;
  }
}

/** What the system says of a path that a person named, and only a person can mend. */
const fileProblems: Record<string, string> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EISDIR: 'is a folder where a file should be',
  ENOTDIR: 'lies below something that is not a folder',
  EROFS: 'cannot be written: its file system is read-only',
  ELOOP: 'is a link that leads back to itself',
  ENAMETOOLONG: 'has a name that is too long',
};

/** What is wrong with a file or folder, as the end of a sentence that begins with its path. */
export function fileProblem(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return `${fileProblems[code ?? ''] ?? 'cannot be read'} (${code})`;
}

/** Puts any error under one of the closed list's types. */
export function classify(error: unknown): { type: FailureType; message: string } {
  if (error instanceof Failure) return { type: error.type, message: error.message };
  const { code, message, path, syscall } = error as NodeJS.ErrnoException;
  const text = printable(message ?? String(error));
  if (code === '53100' || code === 'ENOSPC') {
    return { type: 'NoSpace', message: `No space left: ${text}. Make room, then: sevenfold retry.` };
  }
  // A socket that is not there (`connect`) or a program (`spawn …`) may come back; a file that cannot be read stays so.
  if (typeof code === 'string' && code in fileProblems && !/^(connect|spawn)/.test(syscall ?? '')) {
    return {
      type: 'InvalidInput',
      message: `${path ?? 'A file'} ${fileProblem(error)}. Correct that, then start again.`,
    };
  }
  // Classes 08 (connection), 53 (resources), 57 (operator intervention), 40 (serialization) and the socket's own codes.
  if (typeof code === 'string' && /^(08|53|57|40)|^E[A-Z]+$/.test(code)) {
    return { type: 'Infrastructure', message: `${text} (${code})` };
  }
  if (
    /terminated unexpectedly|Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable/i.test(
      text,
    )
  ) {
    return { type: 'Infrastructure', message: text };
  }
  return { type: 'JobFailed', message: text };
}
