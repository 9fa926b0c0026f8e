/** A mixed integer linear programme, maximised: columns and rows as plain arrays, so that it can be sent to a thread. */
export interface Milp {
  cost: number[];
  lower: number[];
  upper: number[];
  /** 1 for a whole number, 0 for any. */
  integer: number[];
  rowLower: number[];
  rowUpper: number[];
  /** Row-wise: the terms of row r are those from rowStart[r] to rowStart[r + 1]. */
  rowStart: number[];
  index: number[];
  value: number[];
  /** Added to the objective whatever is chosen. */
  offset: number;
}

export type Term = readonly [column: number, coefficient: number];

/** Builds a programme column by column and row by row. */
export class MilpBuilder {
  readonly milp: Milp = {
    cost: [],
    lower: [],
    upper: [],
    integer: [],
    rowLower: [],
    rowUpper: [],
    rowStart: [0],
    index: [],
    value: [],
    offset: 0,
  };

  /** Adds a variable and gives its number; `cost` is what one of it adds to the objective. */
  variable(lower: number, upper: number, cost = 0): number {
    return this.#column(lower, upper, cost, 0);
  }

  /** Adds a variable that is 0 or 1. */
  binary(cost = 0, fixed?: 0 | 1): number {
    return this.#column(fixed ?? 0, fixed ?? 1, cost, 1);
  }

  /** Adds lower <= sum of terms <= upper. */
  row(lower: number, terms: readonly Term[], upper: number): void {
    const { milp } = this;
    for (const [column, coefficient] of terms) {
      milp.index.push(column);
      milp.value.push(coefficient);
    }
    milp.rowStart.push(milp.index.length);
    milp.rowLower.push(lower);
    milp.rowUpper.push(upper);
  }

  #column(lower: number, upper: number, cost: number, integer: number): number {
    const { milp } = this;
    milp.lower.push(lower);
    milp.upper.push(upper);
    milp.integer.push(integer);
    return milp.cost.push(cost) - 1;
  }
}
