import { flag, listOf, readFields, text } from '../../planning/input.ts';
import type { Guards } from '../../planning/input.ts';
import { legible } from '../../planning/legible.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';

/** What `importPrices` is started with: a path, or `sample`. */
export interface ImportInput extends PlacementInput {
  /** A folder or a file of prices (docs/prices.md); a relative one is relative to the checkout. */
  path?: string;
  /** The generated series instead of a path. */
  sample?: true;
  /** Only these of the source. */
  commodities?: string[];
  /** Rows of these series that the source does not have go; without it they stay. */
  replace?: true;
}

const what = 'Input of importPrices';

const guards: Guards<Omit<ImportInput, 'sample' | 'replace'> & { sample?: boolean; replace?: boolean }> = {
  path: text,
  sample: flag,
  commodities: listOf(text),
  replace: flag,
  ...placementGuards,
};

export function parseImportInput(
  raw: unknown,
): { ok: true; input: ImportInput } | { ok: false; message: string } {
  const read = readFields(raw, what, guards, []);
  if (!read.ok) return read;
  const { path, sample, commodities, replace, engine, budgetUsd, partitions } = read.value;
  const refusal = refusalOf(read.value);
  if (refusal !== undefined) return { ok: false, message: `${what}: ${refusal}` };
  return {
    ok: true,
    input: {
      ...(path !== undefined && { path }),
      ...(sample === true && { sample }),
      ...(commodities !== undefined && { commodities }),
      ...(replace === true && { replace }),
      ...(engine !== undefined && { engine }),
      ...(budgetUsd !== undefined && { budgetUsd }),
      ...(partitions !== undefined && { partitions }),
    },
  };
}

function refusalOf({
  path,
  sample,
  commodities,
}: {
  path?: string;
  sample?: boolean;
  commodities?: string[];
}) {
  if (path === undefined && sample !== true)
    return 'give a path (a folder or a file of prices), or sample: true.';
  if (path !== undefined && sample === true) return 'path and sample are two sources: give one of them.';
  if (path !== undefined && lastName(path) === undefined)
    return `path "${legible(path)}" does not end in a name: give the folder or file itself.`;
  if (path !== undefined && lastName(path) === 'sample')
    return 'a path named "sample" would mix with the generated series: rename it.';
  if (commodities?.length === 0) return 'commodities is empty: name some, or leave it out for all.';
  return undefined;
}

/** The business key: `prices/<name of the folder or file>`, or `prices/sample`. It is the data set too. */
export function importKey({ path }: ImportInput): string {
  return `prices/${path === undefined ? 'sample' : lastName(path)}`;
}

/** The last part of a path that is a name; undefined for `/`, `.` and what ends in `..`. */
function lastName(path: string): string | undefined {
  const last = path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .at(-1);
  return last === '..' ? undefined : last;
}
