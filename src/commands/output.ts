/** Where a command writes: finished lines, and in a terminal a block that is redrawn in place. */
export interface Output {
  readonly isTerminal: boolean;
  line(text?: string): void;
  /** Redraws the block below the finished lines; does nothing where the output is not a terminal. */
  live(lines: readonly string[]): void;
  /** Ends the block and leaves it standing. */
  settle(): void;
  json(value: unknown): void;
}

export function createOutput(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY === true;
  let drawn = 0;
  const erase = () => (drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : '');
  return {
    isTerminal,
    line(text = '') {
      stream.write(`${erase()}${text}\n`);
      drawn = 0;
    },
    live(lines) {
      if (!isTerminal) return;
      // A line that wraps would break the count of lines to go up.
      const width = stream.columns ?? 80;
      stream.write(erase() + lines.map((text) => `${text.slice(0, width - 1)}\n`).join(''));
      drawn = lines.length;
    },
    settle() {
      drawn = 0;
    },
    json(value) {
      stream.write(`${JSON.stringify(value)}\n`);
    },
  };
}

export function seconds(from: Date, to: Date = new Date()): string {
  const value = (to.getTime() - from.getTime()) / 1000;
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}
