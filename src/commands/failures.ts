import { classify, Failure, isFailureType } from '../failures.ts';
import type { FailureType } from '../failures.ts';
import { isTemporalError } from '../open-in-temporal.ts';
import { legible, visible } from '../planning/legible.ts';

/** Our own type in an `ApplicationFailure` of Temporal. */
export function applicationType(error: unknown): FailureType | undefined {
  if (!isTemporalError(error, 'ApplicationFailure')) return undefined;
  const { type } = error as { type?: unknown };
  return isFailureType(type) ? type : undefined;
}

interface Described {
  type: FailureType | 'JobFailed';
  message: string;
  /** Its message says all; for any other a stack may help. */
  expected: boolean;
}

/** The type and the line of anything a command may end with. */
export function describeFailure(error: unknown): Described {
  const described = describe(error);
  // Names of files, columns and options come from outside: whatever is in them, it is one line and moves no cursor.
  return { ...described, message: visible(described.message.trim().replace(/\s*\n\s*/g, ' ')) };
}

function describe(error: unknown): Described {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const known = knownFailure(cause);
    if (known !== undefined) return { ...known, expected: true };
  }
  const { type, message } = classify(error);
  if (type === 'Infrastructure') {
    return {
      type,
      message: `${message}. Check DATABASE_URL and TEMPORAL_ADDRESS, or: npx sevenfold status`,
      expected: true,
    };
  }
  return { type, message, expected: type !== 'JobFailed' };
}

function knownFailure(error: Error): { type: FailureType; message: string } | undefined {
  if (error instanceof Failure) return { type: error.type, message: error.message };
  const type = applicationType(error);
  if (type !== undefined) return { type, message: error.message };
  return postgresRefusal(error) ?? temporalRefusal(error);
}

/** What the database, or the way to it, is wrong about, by PostgreSQL's own codes; its own words say which. */
function postgresRefusal(error: Error): { type: FailureType; message: string } | undefined {
  const refused = (message: string) => ({ type: 'InvalidInput' as const, message });
  const { code } = error as { code?: unknown };
  const said = legible(error.message, 300).replace(/\.?$/, '');
  if (/does not support SSL connections/.test(error.message)) {
    return refused('The database takes no TLS, but is asked for it: leave sslmode out of DATABASE_URL.');
  }
  if (typeof code !== 'string') return undefined;
  // A server's certificate: codes of Node's TLS.
  if (/CERT|^UNABLE_TO_VERIFY|^ERR_TLS_/.test(code)) {
    return refused(
      `The server's certificate is not trusted (${said}): give its authority by NODE_EXTRA_CA_CERTS, or correct DATABASE_URL or TEMPORAL_ADDRESS.`,
    );
  }
  // Wrong password, unknown user or database.
  if (/^(28|3D)/.test(code)) return refused(`PostgreSQL refused: ${said}. Check DATABASE_URL.`);
  switch (code) {
    case '42P01':
    case '42703':
    case '42883':
    case '3F000':
      return refused(
        `The database is not that of this version (${said}). Bring it up to date: npx sevenfold up, or, where DATABASE_URL is set: node launch.mjs migrate`,
      );
    case '42501':
      return refused(`PostgreSQL refused: ${said}. Use the user of DATABASE_URL that owns the tables.`);
    case '25006':
      return refused(
        `The database can only be read (${said}): DATABASE_URL names a standby. Give the primary server.`,
      );
    default:
      return undefined;
  }
}

/** gRPC's numbers of what asking again would not mend. */
const grpcRefusals = {
  7: 'refuses these rights',
  16: 'refuses this key or certificate',
  12: 'is too old for what is asked of it',
};

function temporalRefusal(error: Error): { type: FailureType; message: string } | undefined {
  if (isTemporalError(error, 'NamespaceNotFoundError')) {
    const { namespace } = error as { namespace?: unknown };
    return {
      type: 'InvalidInput',
      message: `Temporal has no namespace "${legible(String(namespace))}": correct TEMPORAL_NAMESPACE or the profile, or create it: temporal operator namespace create`,
    };
  }
  const { code, details } = error as { code?: unknown; details?: unknown };
  if (typeof code !== 'number' || typeof details !== 'string') return undefined;
  if (code === 5 && /[Nn]amespace/.test(details)) {
    return {
      type: 'InvalidInput',
      message: `Temporal: ${legible(details, 200).replace(/\.?$/, '.')} Correct TEMPORAL_NAMESPACE or the profile.`,
    };
  }
  const refusal = grpcRefusals[code as keyof typeof grpcRefusals];
  return refusal === undefined
    ? undefined
    : {
        type: 'InvalidInput',
        message: `Temporal ${refusal} (${legible(details, 200)}). Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the profile.`,
      };
}

/** One line on the error stream, or one JSON object on the other; a stack only with LOG_LEVEL=debug. */
export function reportFailure(error: unknown, how: { json: boolean; debug: boolean }): void {
  const { type, message, expected } = describeFailure(error);
  if (how.json) process.stdout.write(`${JSON.stringify({ status: 'failed', error: { type, message } })}\n`);
  else process.stderr.write(`${message}\n`);
  if (how.debug) process.stderr.write(`${stackOf(error)}\n`);
  else if (!expected) {
    process.stderr.write('Unexpected error. Run again with LOG_LEVEL=debug for the stack.\n');
  }
}

/** With the causes behind it. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    stacks.push(cause.stack ?? cause.message);
  }
  return stacks.join('\ncaused by ');
}

export function exitCodeOf(error: unknown): number {
  return describeFailure(error).type === 'InvalidInput' ? 2 : 1;
}
