import type { ContextBlock, DividerBlock, HeaderBlock, SectionBlock } from '@slack/types';
import type { Database } from '../database/pool.ts';
import type { Run } from '../ledger/runs.ts';

export type MessageBlock = HeaderBlock | SectionBlock | DividerBlock | ContextBlock;

export interface SlackMessage {
  /** What a notification shows, and what is read where blocks are not. */
  text: string;
  blocks: MessageBlock[];
}

/** What somebody is sent when a run of a kind has ended. Each outcome of a run is sent once. */
export interface Message {
  /** Undefined where nothing is to be sent: of sample data nothing leaves the machine. */
  outcome(database: Database, run: Run): Promise<string | undefined>;
  build(database: Database, run: Run, outcome: string): Promise<SlackMessage>;
}
