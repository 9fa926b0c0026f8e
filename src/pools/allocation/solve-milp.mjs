// What is said of it stands in solve-milp.d.mts. It is no TypeScript, because its thread would have to start a compiler
// first: 310 ms of CPU before the first row instead of 90.
import loadHighs from 'highs';

/** Measured on 37 pools and 11 tokens: without restarts and sub-problems a third of the time, the optimum being the same. */
const search = {
  mip_allow_restart: false,
  mip_pscost_minreliable: 2,
  mip_heuristic_effort: 0,
  mip_heuristic_run_rins: false,
  mip_heuristic_run_rens: false,
};

export async function solveMilp({ milp, timeLimitSeconds }, wasmModule) {
  const highs = await loadHighs(wasmModule && { wasmModule });
  const { objectiveSense, modelStatus, solutionStatus } = highs.constants;
  const numCols = milp.cost.length;
  const numRows = milp.rowLower.length;
  const whole = [...milp.integer.keys()].filter((column) => milp.integer[column] === 1);
  const programme = {
    numCols,
    numRows,
    sense: objectiveSense.maximize,
    offset: milp.offset,
    colCost: Float64Array.from(milp.cost),
    colLower: Float64Array.from(milp.lower),
    colUpper: Float64Array.from(milp.upper),
    rowLower: Float64Array.from(milp.rowLower),
    rowUpper: Float64Array.from(milp.rowUpper),
    matrix: {
      format: 'csr',
      numRows,
      numCols,
      starts: Int32Array.from(milp.rowStart),
      indices: Int32Array.from(milp.index),
      values: Float64Array.from(milp.value),
    },
    integrality: Int32Array.from(milp.integer),
  };
  return highs.withModel(programme, (model) => {
    model.options.set({
      output_flag: false,
      random_seed: 0,
      time_limit: timeLimitSeconds,
      mip_rel_gap: 1e-7,
      mip_abs_gap: 1e-7,
      mip_feasibility_tolerance: 1e-9,
      primal_feasibility_tolerance: 1e-9,
      ...search,
    });
    model.run();
    const status = model.getModelStatus();
    if (status === modelStatus.infeasible) return { outcome: 'infeasible' };
    if (model.info.get('primal_solution_status') !== solutionStatus.feasible) {
      const outOfTime = status === modelStatus.timeLimit;
      const why = outOfTime
        ? `no solution within ${timeLimitSeconds} s`
        : `the solver gave up (status ${status})`;
      return { outcome: 'none', why };
    }
    const bound = whole.length > 0 ? Number(model.info.get('mip_dual_bound')) : model.getObjectiveValue();
    const answer = {
      outcome: 'solved',
      values: [...model.getSolution().colValue],
      objective: model.getObjectiveValue(),
      bound: Number.isFinite(bound) ? bound : null,
    };
    if (whole.length === 0) return answer;

    // What counts as whole within the tolerance is made whole, and the rest follows: nothing moves unpaid.
    const chosen = whole.map((column) => Math.round(answer.values[column]));
    model.clearIntegrality();
    for (const [i, column] of whole.entries()) model.changeColBounds(column, chosen[i], chosen[i]);
    model.zeroAllClocks();
    model.options.set({ time_limit: Math.max(timeLimitSeconds, 1) });
    model.run();
    if (model.getModelStatus() !== modelStatus.optimal) {
      return { outcome: 'none', why: 'the solution found does not hold with whole numbers' };
    }
    return { ...answer, values: [...model.getSolution().colValue], objective: model.getObjectiveValue() };
  });
}
