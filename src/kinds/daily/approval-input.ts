/** What people send to a run that waits for their decision. Pure: the workflow checks it. */
import { legible } from '../../planning/legible.ts';

export interface ApproveInput {
  /** Who decides, as it is to stand on record. */
  by?: string;
}

export interface RejectInput extends ApproveInput {
  reason: string;
}

/** What became of a proposal. */
export type Decision =
  | { state: 'approved'; by: string | null }
  | { state: 'rejected'; by: string | null; reason: string }
  /** Nobody decided before its day was over. */
  | { state: 'expired' };

const longestName = 100;
const longestReason = 500;

/** Why this is no decision, in one line; undefined where it is one. */
export function refusalOfDecision(name: 'approve' | 'reject', given: unknown): string | undefined {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return `${name} takes one JSON object, for example ${example(name)}.`;
  const fields = (given ?? {}) as Record<string, unknown>;
  const allowed = name === 'approve' ? ['by'] : ['by', 'reason'];
  const unknown = Object.keys(fields).find((each) => !allowed.includes(each));
  if (unknown !== undefined)
    return `${name} has an unknown field "${legible(unknown)}"; it takes ${allowed.join(' and ')}.`;
  if (fields['by'] !== undefined && !isText(fields['by'], longestName))
    return `by must be a name of up to ${longestName} characters.`;
  if (name === 'approve' || isText(fields['reason'], longestReason)) return undefined;
  return `reject needs a reason of up to ${longestReason} characters, for example ${example(name)}.`;
}

export function decisionOf(
  name: 'approve' | 'reject',
  given: ApproveInput | RejectInput | undefined,
): Decision {
  const by = given?.by?.trim() ?? null;
  return name === 'approve'
    ? { state: 'approved', by }
    : { state: 'rejected', by, reason: (given as RejectInput).reason.trim() };
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest;
}

function example(name: 'approve' | 'reject'): string {
  return name === 'approve' ? '{"by":"ann"}' : '{"reason":"too much in one pool"}';
}
