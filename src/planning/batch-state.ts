import type { BatchState } from '../engines/engine.ts';

/** What the ledger's record of a batch can say: the engines' states, and those from before an engine has the batch. */
export type RecordState = 'NEW' | 'SUBMITTING' | 'SUBMITTED' | BatchState;

/** The seed document's four, which its export shows. */
export type PublicState = 'SUBMITTED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';

/** Dataproc's own, at the place of their number: an operation's answer has the number, a batch the name. */
const dataprocStates = [
  'STATE_UNSPECIFIED',
  'PENDING',
  'RUNNING',
  'CANCELLING',
  'CANCELLED',
  'SUCCEEDED',
  'FAILED',
] as const;
export type DataprocState = (typeof dataprocStates)[number];

/**
 * Our state for Dataproc's, by name or number. One that is not known counts as PENDING: the batch is there, so it is
 * watched on, and the time limit ends what never comes to an end.
 */
export function batchState(state: string | number): BatchState {
  const known =
    dataprocStates.find((name) => name === state) ??
    (state === '' ? undefined : dataprocStates[Number(state)]) ??
    'STATE_UNSPECIFIED';
  switch (known) {
    case 'STATE_UNSPECIFIED':
    case 'PENDING':
      return 'PENDING';
    case 'RUNNING':
      return 'RUNNING';
    case 'CANCELLING':
      return 'CANCELLING';
    case 'CANCELLED':
      return 'CANCELLED';
    case 'SUCCEEDED':
      return 'SUCCEEDED';
    case 'FAILED':
      return 'FAILED';
  }
}

/** The document's state, with words for what it has no name for. */
export function publicState(state: RecordState): { state: PublicState; text?: string } {
  switch (state) {
    case 'NEW':
    case 'SUBMITTING':
    case 'SUBMITTED':
    case 'PENDING':
      return { state: 'SUBMITTED' };
    case 'RUNNING':
      return { state: 'RUNNING' };
    case 'CANCELLING':
      return { state: 'RUNNING', text: 'being cancelled' };
    case 'SUCCEEDED':
      return { state: 'SUCCEEDED' };
    case 'FAILED':
      return { state: 'FAILED' };
    case 'CANCELLED':
      return { state: 'FAILED', text: 'cancelled' };
    case 'TIMED_OUT':
      return { state: 'FAILED', text: 'ran longer than its time limit' };
  }
}

const order = {
  NEW: 0,
  SUBMITTING: 1,
  SUBMITTED: 2,
  PENDING: 3,
  RUNNING: 4,
  CANCELLING: 5,
  SUCCEEDED: 6,
  FAILED: 6,
  CANCELLED: 6,
  TIMED_OUT: 6,
} as const satisfies Record<RecordState, number>;

/**
 * Whether a record may go from one state to another: only forward, never out of an ended one. States may be left out,
 * because they are looked at now and then, and a lost answer may be found as a batch that has ended. What was never sent
 * cannot be found, though: NEW is only sent, refused or cancelled.
 */
export function mayFollow(from: RecordState, to: RecordState): boolean {
  if (from === 'NEW') return to === 'SUBMITTING' || to === 'FAILED' || to === 'CANCELLED';
  return order[to] > order[from];
}
