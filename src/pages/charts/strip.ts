/** A bar within a cell of a table. */
import { html } from '../html.ts';
import type { Html } from '../html.ts';

/** A bar within a whole: from `start` to `end`, both 0 to 1. */
export function strip(start: number, end: number, description: string): Html {
  const [from, to] = [start, end].map((share) => Math.min(1, Math.max(0, share)) * 1000) as [number, number];
  // Never thinner than what can be seen.
  const width = Math.max(8, to - from);
  return html`<svg
    class="strip"
    viewBox="0 0 1000 10"
    preserveAspectRatio="none"
    role="img"
    aria-label="${description}"
  >
    <rect class="track" width="1000" height="10" />
    <rect class="span" x="${tenth(Math.min(from, 1000 - width))}" width="${tenth(width)}" height="10" />
  </svg>`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
