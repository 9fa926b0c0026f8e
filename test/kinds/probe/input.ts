import { oneOf, readFields, wholeNumber } from '../../../src/planning/input.ts';
import type { Checked, Guards } from '../../../src/planning/input.ts';

/** What `probeRun` is started with. */
export interface ProbeInput {
  place: 'here' | 'there';
  samples: number;
}

const guards: Guards<ProbeInput> = { place: oneOf('here', 'there'), samples: wholeNumber(1, 100) };

export function parseProbe(raw: unknown): Checked<ProbeInput> {
  return readFields<ProbeInput>(raw, 'Input of probeRun', guards, ['place', 'samples']);
}

export const probePhases = ['measure', 'report'] as const;
