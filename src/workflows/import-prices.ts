import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { importKey, parseImportInput } from '../kinds/prices/input.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { priceBatch } from './forecast-work.ts';
import { refuseMore } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, carryOut, yesterdayOf } from './run-control.ts';

const { openImport } = proxyActivities<Activities>(lightActivityOptions);

/** Loads the prices of a file or folder, or generates the sample: all of its rows, or none. */
export async function importPrices(raw: unknown, ...more: unknown[]): Promise<RunSummary> {
  refuseMore(more);
  const input = accepted(parseImportInput(raw));
  return carryOut(
    {
      kind: 'importPrices',
      date: yesterdayOf(),
      priority: backfillPriority,
      steps: [
        {
          unit: 'import',
          force: false,
          work: (fence, control) => priceBatch('price_import', fence, control),
        },
      ],
    },
    (claimant) => openImport({ ...claimant, key: importKey(input), input }),
  );
}
