/**
 * What a fit is expected to take. Work of a survival fit grows with rows × columns; the factors were measured on one core
 * with 229,000 × 15 training cells (forests with 6,300 × 10) and are corrected by the rows of `cv_fits` as soon as there are some.
 */

export interface FitSize {
  rows: number;
  columns: number;
  /** Memory of the process, where the job that prepared the fold knows better. */
  estimateMb?: number | null;
}

/** Seconds of one core and megabytes, of a fit. */
export interface FitWork {
  seconds: number;
  megabytes: number;
}

/** What has been measured of a model: seconds a million training cells, and the largest process. */
export interface MeasuredWork {
  secondsPerMillion: number;
  peakMb: number;
  /** Training cells of the largest fit that was measured. */
  cells: number;
}

interface Factor {
  /** Seconds a million training cells. */
  seconds: number;
  /** Megabytes for each million training cells, added to those of the interpreter. */
  megabytes: number;
}

/** A process with its libraries, and nothing else. */
const interpreterMb = 260;

const usual: Record<string, Record<'sample' | 'production' | 'experiment', Factor>> = {
  cox_ph: same({ seconds: 0.2, megabytes: 40 }),
  coxnet: same({ seconds: 1.1, megabytes: 40 }),
  weibull_aft: same({ seconds: 0.2, megabytes: 40 }),
  cox_stratified: same({ seconds: 0.2, megabytes: 40 }),
  gbsa: {
    sample: { seconds: 7, megabytes: 40 },
    production: { seconds: 2.1, megabytes: 40 },
    experiment: { seconds: 14, megabytes: 40 },
  },
  xgb_cox: same({ seconds: 0.8, megabytes: 40 }),
  lgb_cox: same({ seconds: 1, megabytes: 40 }),
  rsf: {
    sample: { seconds: 170, megabytes: 150 },
    production: { seconds: 50, megabytes: 150 },
    experiment: { seconds: 170, megabytes: 150 },
  },
  lightgbm: same({ seconds: 6, megabytes: 50 }),
};

function same(factor: Factor): Record<'sample' | 'production' | 'experiment', Factor> {
  return { sample: factor, production: factor, experiment: factor };
}

/** Guess for a model that was never measured. */
const unknown: Factor = { seconds: 5, megabytes: 100 };

export function fitWork(
  model: string,
  runType: 'sample' | 'production' | 'experiment',
  { rows, columns, estimateMb }: FitSize,
  measured?: MeasuredWork,
): FitWork {
  const millions = (rows * columns) / 1e6;
  const factor = usual[model]?.[runType] ?? unknown;
  const megabytes = estimateMb ?? interpreterMb + factor.megabytes * millions;
  return {
    seconds: (measured?.secondsPerMillion ?? factor.seconds) * millions,
    // What was seen holds for fits of that size and smaller ones; it must not promise anything for larger ones.
    megabytes:
      measured !== undefined && measured.cells >= rows * columns
        ? Math.min(megabytes, measured.peakMb * 1.25)
        : megabytes,
  };
}
