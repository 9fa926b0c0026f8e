import type { Database } from '../../src/database/pool.ts';
import { forgetEverything } from '../chaos/harness.ts';
import { backfillOptions, first, forecastChecksum, forgetForecasts, last } from '../support/backfill-rig.ts';
import { cvChecksum, fewFolds, fewModels, forgetFits } from '../support/cv-rig.ts';
import { checksum } from '../support/rig.ts';

/** A run that is begun by one version and finished by another. */
export interface DeployedKind {
  /** Commands that make what it reads. */
  prepare: readonly (readonly string[])[];
  /** The command that begins it; one batch at a time, so that some are made before the change and some after it. */
  run: readonly string[];
  /** True once the batch that the change meets may be held: some units are whole already. */
  isUnderWay: string;
  checksum: (database: Database) => Promise<string>;
  /** Throws away the results, so that the same run makes them all again. */
  forget: (database: Database) => Promise<void>;
}

const whole = (condition: string, count: number): string =>
  `select count(*) >= ${count} as yes from units
   where (verdict = 'complete' or committed_attempt is not null) and ${condition}`;

export const kinds = {
  daily: {
    prepare: [],
    run: ['run', 'daily', '--dataset', 'sample', '--date', '2026-11-01'],
    isUnderWay: whole(`unit = 'prefilter'`, 1),
    checksum,
    forget: (database) => forgetEverything({ database }),
  },
  backfill: {
    prepare: [['import', 'prices', '--sample']],
    run: ['run', 'backfill', ...backfillOptions, '--chunk', '15', '--concurrency', '1'],
    isUnderWay: whole(`kind = 'date'`, 10),
    checksum: (database) => forecastChecksum(database, first, last),
    forget: (database) => forgetForecasts({ database }, true),
  },
  cv: {
    prepare: [['generate', 'survival', '--rows', '600']],
    run: [
      ...['run', 'cv', '--dataset', 'survival', '--mode', 'mp', '--concurrency', '1'],
      ...['--models', ...fewModels, '--folds', String(fewFolds)],
    ],
    isUnderWay: whole(`kind = 'fit'`, 1),
    checksum: cvChecksum,
    forget: (database) => forgetFits(database, true),
  },
} satisfies Record<string, DeployedKind>;

export type KindName = keyof typeof kinds;
