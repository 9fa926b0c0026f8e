/**
 * Every figure on a page says which one it is, so that it can be read back from the database: `data-figure` is the name
 * that its column has there (or the name of what is reckoned from several), `data-key` the row, `data-value` the value as
 * it was read. In a table the name stands at the column's head and the key at the row.
 */
import { html } from './html.ts';
import type { Fragment, Html } from './html.ts';

export type FigureValue = number | string | boolean | Date | null | undefined;

/** A single figure outside of a table. */
export function figure(name: string, value: FigureValue, written: Fragment, key?: string): Html {
  return html`<span
    data-figure="${name}"
    ${key !== undefined && html` data-key="${key}"`}
    data-value="${figureValue(value)}"
    >${written}</span
  >`;
}

/** Nothing is an empty text. */
export function figureValue(value: FigureValue): string {
  if (value === null || value === undefined) return '';
  return value instanceof Date ? value.toISOString() : String(value);
}
