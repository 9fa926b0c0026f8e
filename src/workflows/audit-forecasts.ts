import type { RunSummary } from '../activities/runs.ts';
import { parseAuditInput } from '../kinds/backfill/input.ts';
import { carryOutForecasts, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { accepted } from './run-control.ts';

/** Makes a share of the finished dates again and compares the bytes with those that are stored; writes no forecast. */
export async function auditForecasts(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseAuditInput(raw));
  return carryOutForecasts(raw, { kind: 'auditForecasts', input, carried }, (fanned) => [
    fanned('audit'),
    reportStep,
  ]);
}
