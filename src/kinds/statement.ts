import type { Run } from '../ledger/runs.ts';
import type { Ending } from './kind.ts';

/** What a run whose units are its phases ended with; `made` is what a complete one has to show. */
export function phaseStatement({ key }: Run, { status, phases }: Ending, made: string): string {
  if (status === 'complete') return `${key} is complete: ${made}.`;
  const left = phases.filter(({ verdict }) => verdict !== 'complete').map(({ unit }) => unit);
  const broken = phases.find(({ verdict }) => verdict === 'failed');
  if (status === 'failed' && broken) {
    return `${key} failed in phase ${broken.unit}: ${broken.reason ?? 'no reason noted'} Left: ${left.join(', ')}. Run: sevenfold why ${key}`;
  }
  return `${key} was ${status}; left: ${left.join(', ') || 'nothing'}. Run: sevenfold retry ${key}`;
}
