import { readOpenUnits } from '../../ledger/chunks.ts';
import { planChunks } from '../../planning/chunks.ts';
import type { Fanned, Phase } from '../kind.ts';
import { bySql, pageIsThere } from '../phase.ts';
import { forecastChunk, forecastChunkSize } from './chunks.ts';
import type { ForecastUnit } from './phases.ts';
import { readsByAttempt, readsOfEvaluation, readsOfPage } from './reads.ts';
import { verifyAudit, verifyDates, verifyWindows } from './verification.ts';

/** Windows or dates, cut by measured throughput. */
function inChunks(phase: ForecastUnit, unitKind: string, unitsName: string): Fanned {
  return {
    unitKind,
    unitsName,
    async plan(world, run) {
      const open = await readOpenUnits(world.database, run.runId, unitKind);
      return { open, plan: planChunks(open, await forecastChunkSize(world, run, phase)) };
    },
    request: async (world, run, chunk) => forecastChunk(world, run, phase, chunk),
  };
}

/** The phases of all that is done with forecasts of prices. */
export const forecastPhases = {
  train: {
    reads: readsByAttempt('train'),
    whole: ({ database }, run) => verifyWindows(database, run),
    fanned: inChunks('train', 'window', 'models'),
  },
  infer: {
    reads: readsByAttempt('infer'),
    whole: verifyDates,
    fanned: inChunks('infer', 'date', 'dates'),
  },
  audit: {
    reads: readsByAttempt('audit'),
    whole: ({ database }, run) => verifyAudit(database, run),
    fanned: inChunks('audit', 'date', 'dates'),
  },
  evaluate: {
    reads: readsOfEvaluation,
    whole: bySql(new URL('sql/evaluate.sql', import.meta.url)),
  },
  report: { reads: readsOfPage, whole: pageIsThere },
} satisfies Record<string, Phase>;
