import type { Milp } from './milp.ts';

export interface SolveRequest {
  milp: Milp;
  timeLimitSeconds: number;
}

/** `bound` is the best objective that could still exist, null where the solver knows none. */
export type SolveAnswer =
  | { outcome: 'solved'; values: number[]; objective: number; bound: number | null }
  | { outcome: 'infeasible' }
  | { outcome: 'none'; why: string };

/**
 * Solves a programme with HiGHS. It blocks its thread for as long as it takes; the time limit is the solver's own, which
 * looks at the clock now and then. `wasmModule` is the solver compiled before; without it, it is compiled.
 */
export function solveMilp(request: SolveRequest, wasmModule?: object): Promise<SolveAnswer>;
