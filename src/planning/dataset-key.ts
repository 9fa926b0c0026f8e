/** What the first key column of the pool tables says of its data. */

/** At the end of the key of a data set whose figures follow the original's rules. */
export const parityMark = '+parity';

export function isParityKey(dataset: string): boolean {
  return dataset.endsWith(parityMark);
}

export function isSampleKey(dataset: string): boolean {
  return dataset === 'sample' || dataset === `sample${parityMark}`;
}
