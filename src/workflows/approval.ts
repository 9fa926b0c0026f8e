import {
  ApplicationFailure,
  condition,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { decisionOf, refusalOfDecision } from '../kinds/daily/approval-input.ts';
import type { ApproveInput, Decision, RejectInput } from '../kinds/daily/approval-input.ts';
import type { Fence } from '../ledger/units.ts';
import { lightActivityOptions } from './options.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

export const approveUpdate = defineUpdate<string, [ApproveInput?]>('approve');
export const rejectUpdate = defineUpdate<string, [RejectInput]>('reject');

/**
 * Answers `approve` and `reject`, and gives the work of phase `approval`: the transactions are put to a person, whose decision
 * is waited for as long as the day lasts. The run goes on in either case, because tomorrow begins with what the chain says was done.
 */
export function approvalGate(date: string): (fence: Fence) => Promise<void> {
  let waiting = false;
  let decision: Decision | undefined;
  const validator =
    (name: 'approve' | 'reject') =>
    (given?: unknown): void => {
      const refusal = waiting && decision === undefined ? refusalOfDecision(name, given) : notWaiting();
      if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal, 'InvalidInput');
    };
  const notWaiting = (): string =>
    decision === undefined
      ? `No proposal of ${date} waits for a decision.`
      : `The proposal of ${date} is ${decision.state} already.`;

  setHandler(
    approveUpdate,
    (given) => {
      decision = decisionOf('approve', given);
      return `The proposal of ${date} is approved. Nothing is signed or sent: carry it out by hand.`;
    },
    { validator: validator('approve') },
  );
  setHandler(
    rejectUpdate,
    (given) => {
      decision = decisionOf('reject', given);
      return `The proposal of ${date} is rejected.`;
    },
    { validator: validator('reject') },
  );
  return async (fence) => {
    const { waitMs } = await light.proposeAllocation({ fence });
    decision = undefined;
    waiting = waitMs > 0;
    if (waiting) await condition(() => decision !== undefined, waitMs);
    waiting = false;
    await light.decideProposal({ fence, decision: decision ?? { state: 'expired' } });
  };
}
