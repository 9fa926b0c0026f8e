import type { Day } from '../../planning/days.ts';
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import type { PoolSettings } from '../settings.ts';
import type { Balance } from './opening.ts';
import { paperPortfolio } from './paper.ts';

/** What a portfolio holds when a day begins, before anything is decided. */
export interface OpenedPortfolio {
  /** The day of the allocation it comes from; null on its first day. */
  openedWith: Day | null;
  balances: Balance[];
  /** What is odd about it, each in one line. */
  warnings: string[];
}

/** Where holdings come from: a ledger of our own for paper, wallets on a chain for others. It only reads. */
export interface PortfolioSource {
  open(
    database: Database,
    day: { dataset: string; date: Day },
    settings: PoolSettings,
  ): Promise<OpenedPortfolio>;
}

const sources: Record<string, PortfolioSource> = { paper: paperPortfolio };

/** The portfolio of this name; what runs are started with is checked before, so an unknown one is a fault of ours. */
export function portfolioSource(name: string): PortfolioSource {
  const source = sources[name];
  if (source === undefined) {
    throw new Failure(
      'InvalidInput',
      `There is no portfolio "${name}"; there is ${Object.keys(sources).join(', ')}.`,
    );
  }
  return source;
}
