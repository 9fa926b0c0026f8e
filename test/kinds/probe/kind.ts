import { digest } from '../../../src/kinds/digest.ts';
import type { Kind } from '../../../src/kinds/kind.ts';
import { pageIsThere, phasesByName } from '../../../src/kinds/phase.ts';
import { readOpenUnits } from '../../../src/ledger/chunks.ts';
import { html } from '../../../src/pages/html.ts';
import { renderPage } from '../../../src/pages/page.ts';
import { planChunks } from '../../../src/planning/chunks.ts';
import { parseProbe } from './input.ts';
import type { probePhases } from './input.ts';

/** A kind of two phases, of which one is done in chunks: all that a kind must say, and no more. */
export const probe: Kind = {
  name: 'probeRun',
  title: 'probe',
  priority: 3,
  refusal: (input) => {
    const parsed = parseProbe(input);
    return parsed.ok ? undefined : parsed.message;
  },
  takesDataset: false,
  scheduledKey: ({ place }) => `probe/${String(place)}`,
  isSample: () => false,
  phase: phasesByName<(typeof probePhases)[number]>({
    measure: {
      reads: async (_, run) => digest(['measure', run.attempt]),
      whole: async ({ database }, { runId }) => {
        // The rows of a sample are here what its batch has noted beside it.
        await database.query(
          `update units set verdict = 'complete', rows_found = 1, reason = null, finished_at = clock_timestamp()
            where run_id = $1 and kind = 'sample' and detail ? 'value'`,
          [runId],
        );
        const counted = await database.query<{ due: number; found: number }>(
          `select count(*)::integer as due, (count(*) filter (where verdict = 'complete'))::integer as found
             from units where run_id = $1 and kind = 'sample'`,
          [runId],
        );
        const { due, found } = counted.rows[0]!;
        return [
          {
            name: 'rows',
            severity: 'block',
            passed: due === found,
            observed: String(found),
            expected: String(due),
            message: 'samples with a value',
          },
        ];
      },
      fanned: {
        unitKind: 'sample',
        unitsName: 'samples',
        async plan({ database }, { runId }) {
          const open = await readOpenUnits(database, runId, 'sample');
          return { open, plan: planChunks(open, 2) };
        },
        request: async (_, __, { units }) => ({
          job: 'probe',
          input: { samples: units.map(({ unit }) => unit) },
        }),
      },
    },
    report: { reads: async (_, run) => digest(['report', run.attempt]), whole: pageIsThere },
  }),
  counts: async (database, { runId }) => {
    const { rows } = await database.query<Record<string, number>>(
      `select count(*)::integer as samples, (count(*) filter (where verdict = 'complete'))::integer as complete
         from units where run_id = $1 and kind = 'sample'`,
      [runId],
    );
    return rows[0]!;
  },
  statement: async (_, { key }, { status, counts }) =>
    `${key} is ${status}: ${counts['complete']} of ${counts['samples']} samples.`,
  explain: async (database, { runId }) => {
    const { rows } = await database.query<{ unit: string; reason: string | null }>(
      `select unit, reason from units where run_id = $1 and kind = 'sample' and verdict <> 'complete' order by position`,
      [runId],
    );
    return rows.map(({ unit, reason }) => ({ subject: unit, text: reason ?? 'not measured yet' }));
  },
  finish: async (_, __, { complete, samples }) => ({ figures: [`${complete} of ${samples} samples`] }),
  page: async (_, { key }) =>
    renderPage({
      title: `probe · ${key}`,
      banners: [],
      header: html`<h1>${key}</h1>`,
      sections: [],
      footer: html``,
    }),
};
