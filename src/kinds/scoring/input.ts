import { oneOf, readFields, text } from '../../planning/input.ts';
import type { Guards } from '../../planning/input.ts';
import { accept, refuse } from '../../planning/input.ts';
import type { Guard } from '../../planning/input.ts';
import { legible } from '../../planning/legible.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';

export const formats = ['parquet', 'csv'] as const;

/** What `scoreRows` is started with. */
export interface ScoringInput extends PlacementInput {
  /** The id of a model, as a training ends with it. */
  model: string;
  /** A CSV or Parquet file; or a folder, of which every such file is scored that the model has not scored yet. */
  dataset: string;
  /** Where the files with predictions go; left out, below the objects of the installation. */
  output?: string;
  format?: (typeof formats)[number];
  /** The column that tells rows apart in the output; left out, the row's number in its file. */
  id?: string;
}

const modelId: Guard<string> = (value) =>
  typeof value === 'string' && /^[0-9a-f]{4,64}$/.test(value)
    ? accept(value)
    : refuse(value, 'the id of a model, such as 0123456789abcdef: npx sevenfold models list');

const guards: Guards<ScoringInput> = {
  model: modelId,
  dataset: text,
  output: text,
  format: oneOf(...formats),
  id: text,
  ...placementGuards,
};

const what = 'Input of scoreRows';

export function parseScoringInput(
  raw: unknown,
): { ok: true; input: ScoringInput } | { ok: false; message: string } {
  const read = readFields<ScoringInput>(raw, what, guards, ['model', 'dataset']);
  if (!read.ok) return read;
  if (/\.(pkl|pickle|joblib)$/i.test(read.value.dataset)) {
    return {
      ok: false,
      message: `${what}: dataset ${legible(read.value.dataset)} is a pickle, which runs code when it is loaded: give Parquet or CSV.`,
    };
  }
  return { ok: true, input: read.value };
}
