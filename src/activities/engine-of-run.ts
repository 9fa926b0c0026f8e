import type { PlacementInput } from '../planning/placement-input.ts';
import type { Dependencies } from './dependencies.ts';

/** Where the batches of a run go. Asked once, when it opens; what is wrong with it shows here and not in its middle. */
export async function engineOf({ engines }: Dependencies, input: PlacementInput): Promise<string> {
  return (await engines.place(input.engine)).mode;
}
