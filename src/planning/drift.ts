/** From here on a column is distributed otherwise than in training, as is usually said of the population stability index. */
export const [someDrift, muchDrift] = [0.1, 0.25];

/**
 * An index that chance makes once in ten thousand columns, of so many rows of an unchanged distribution: times the rows it is a
 * chi-squared of ten degrees of freedom (tenths and gaps), of which that is 36, and a tenth more for the training rows, which
 * are a sample too.
 */
export function driftOfChance(rows: number): number {
  return 40 / Math.max(rows, 1);
}
