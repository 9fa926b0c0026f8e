import { Failure } from '../../failures.ts';
import type { PortfolioSource } from './opened.ts';
import { paperPortfolio } from './paper.ts';

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
