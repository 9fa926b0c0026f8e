import type { Output } from './output.ts';

/** Columns as wide as their longest cell: the first to the left, all others, which are numbers, to the right. */
export function writeTable(out: Output, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    out.line(cells.join('  ').trimEnd());
  }
}
