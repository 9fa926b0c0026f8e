import type { Day } from '../planning/days.ts';
import type { PoolSettings } from './settings.ts';

/** Protocols that DefiLlama calls otherwise since a day; the ingest knows the same (pool_ingest/live/protocols.py). */
export const renamedProtocols: readonly { before: string; now: string; since: Day }[] = [
  { before: 'morpho-v1', now: 'morpho-blue', since: '2026-01-01' },
];

/** The name that the approved list has for a protocol, by the name that DefiLlama gives; null where it gives none. */
export function protocolOf(
  project: unknown,
  { approvedProtocols }: Pick<PoolSettings, 'approvedProtocols'>,
  date: Day,
): string | null {
  if (typeof project !== 'string') return null;
  if (approvedProtocols.includes(project)) return project;
  const renamed = renamedProtocols.find(
    ({ before, now, since }) => now === project && since <= date && approvedProtocols.includes(before),
  );
  return renamed?.before ?? project;
}
