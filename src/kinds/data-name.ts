/** The last part of a path without its endings: what the runs on a data set are called by. Pure. */
export function dataName(dataset: string): string {
  const last = dataset.split('/').findLast((part) => part !== '' && part !== '.') ?? dataset;
  return last.replace(/\.(parquet|csv|tsv)(\.gz)?$/i, '');
}
