import { isAbsolute, join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { isThere } from '../data-files.ts';
import { Failure } from '../failures.ts';

/** A path, or the name of a data set that was generated here. InvalidInput, with the ways out, where there is neither. */
export function sourceOf(
  { checkout, stateFolder }: Pick<Config, 'checkout' | 'stateFolder'>,
  dataset: string,
  { generators, option }: { generators: string; option: string },
): string {
  const isName = /^[\w-]+$/.test(dataset);
  const generated = join(stateFolder, 'datasets', `${dataset}.parquet`);
  const source = isName ? generated : isAbsolute(dataset) ? dataset : resolve(checkout, dataset);
  if (isThere(source)) return source;
  throw new Failure(
    'InvalidInput',
    isName
      ? `There is no data set "${dataset}". Make one: npx sevenfold generate ${generators}, or give the path of a Parquet or CSV file.`
      : `There is no file or folder ${source}: check ${option}.`,
  );
}
