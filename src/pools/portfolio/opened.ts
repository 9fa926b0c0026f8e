import type { Database } from '../../database/pool.ts';
import type { Day } from '../../planning/days.ts';
import type { PoolSettings } from '../settings.ts';
import type { Balance } from './opening.ts';

/** What a portfolio holds when a day begins, before anything is decided. */
export interface OpenedPortfolio {
  /** The day of the allocation it comes from; null on its first day. */
  openedWith: Day | null;
  balances: Balance[];
  /** What is odd about it, each in one line. */
  warnings: string[];
  /** What the phase keeps of it for the page. */
  detail?: Record<string, unknown>;
}

/** Where holdings come from: a ledger of our own for paper, wallets on a chain for others. It only reads. */
export interface PortfolioSource {
  open(
    database: Database,
    day: { dataset: string; date: Day },
    settings: PoolSettings,
  ): Promise<OpenedPortfolio>;
}
