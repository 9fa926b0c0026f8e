import { Failure } from '../../failures.ts';
import type { FailureType } from '../../failures.ts';

/** Codes of gRPC that decide what is done next. */
export const grpcCodes = { notFound: 5, alreadyExists: 6, failedPrecondition: 9 } as const;

export function codeOf(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/** Under which type of the closed list a refusal of the service falls. Anything without a code never got there. */
export function failureTypeOf(code: number | undefined): FailureType {
  switch (code) {
    case 3: // INVALID_ARGUMENT
    case 5: // NOT_FOUND: a project, a region, a subnetwork
    case 7: // PERMISSION_DENIED
    case 9: // FAILED_PRECONDITION
    case 16: // UNAUTHENTICATED
      return 'InvalidInput';
    case 8: // RESOURCE_EXHAUSTED: quotas are renewed each minute
      return 'QuotaExceeded';
    default: // 1 CANCELLED, 4 DEADLINE_EXCEEDED, 10 ABORTED, 13 INTERNAL, 14 UNAVAILABLE
      return 'Infrastructure';
  }
}

export function serviceFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  const message = ((error as Error).message ?? String(error)).split('\n')[0];
  return new Failure(failureTypeOf(code), `Dataproc did not ${doing}: ${message}`, { cause: error });
}
