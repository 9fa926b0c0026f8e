import type { Addresses } from './addresses.ts';
import type { Part } from './part.ts';
import { postgresPart } from './postgres.ts';
import { sparkPart } from './spark.ts';
import { temporalPart } from './temporal.ts';
import { workerPart } from './worker.ts';

/** What the embedded stack consists of. */
export function embeddedParts(addresses: Addresses, checkout: string): Part[] {
  return [
    postgresPart(addresses),
    temporalPart(addresses),
    sparkPart(addresses, checkout),
    workerPart(addresses, checkout),
  ];
}
