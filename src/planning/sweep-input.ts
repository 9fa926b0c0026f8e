import { oneOf, readFields } from './input.ts';
import type { Guards } from './input.ts';

/** What `sweepBatches` is started with. */
export interface SweepInput {
  /** `report` only lists batches that no open run owns; `cancel` ends them. */
  mode: 'report' | 'cancel';
}

const guards: Guards<SweepInput> = { mode: oneOf('report', 'cancel') };

export function parseSweepInput(
  raw: unknown,
): { ok: true; input: SweepInput } | { ok: false; message: string } {
  const read = readFields<SweepInput>(raw, 'Input of sweepBatches', guards, ['mode']);
  return read.ok ? { ok: true, input: read.value } : read;
}
