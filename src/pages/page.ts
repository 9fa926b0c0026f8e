/** What all pages share: the shell and the small parts that look the same everywhere. */
import { figureValue } from './figures.ts';
import type { FigureValue } from './figures.ts';
import { html } from './html.ts';
import type { Fragment, Html } from './html.ts';
import { style } from './style.ts';

export { html } from './html.ts';
export type { Fragment, Html } from './html.ts';

export interface Page {
  title: string;
  /** Across the top, for what nobody may overlook. */
  banners: { mark: string; text: string }[];
  /** What this kind of page needs in addition to the common style. */
  style?: Html;
  header: Html;
  sections: readonly (Html | null)[];
  footer: Html;
}

/** A whole document, complete in itself: no script, no picture, no font from anywhere. */
export function renderPage(page: Page): string {
  // The policy holds even where an escape were missed: nothing on a page may run or load.
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        />
        <meta name="referrer" content="no-referrer" />
        <title>${page.title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${style}${page.style}
        </style>
      </head>
      <body>
        ${page.banners.map(({ mark, text }) => html`<p class="banner" role="note"><strong>${mark}</strong>${text}</p> `)}
        <header>${page.header}</header>
        <main>${page.sections.map((section) => section && html`${section} `)}</main>
        <footer>${page.footer}</footer>
      </body>
    </html> `.markup;
}

/** A heading in the margin, its matter beside it. */
export function section(heading: string, aside: Fragment, matter: Fragment): Html {
  return html`<section>
    <div>
      <h2>${heading}</h2>
      <p class="aside">${aside}</p>
    </div>
    <div>${matter}</div>
  </section>`;
}

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => Fragment;
  /** `number` stands right, `key` does not wrap, `words` does. */
  kind?: 'number' | 'key' | 'words';
  /** What the cells show (src/pages/figures.ts), and its value in a row. */
  figure?: string;
  value?: (row: Row) => FigureValue;
}

/** A column of one figure, each written by `write`. */
export function numbers<Row, Value extends FigureValue>(
  heading: string,
  figure: string,
  value: (row: Row) => Value,
  write: (value: Value) => Fragment,
): Column<Row> {
  return { heading, figure, value, cell: (row) => write(value(row)), kind: 'number' };
}

const cellClass = { number: 'n', key: 'k', words: 'w' };

export interface TableOptions<Row> {
  /** The label for readers who cannot see the page. */
  label: string;
  /** What tells its rows apart, for the figures in them. */
  key?: (row: Row) => string;
  highlight?: (row: Row) => boolean;
  foot?: Html;
  /** No table is longer than this; what is left out is counted below it. */
  maxRows?: number;
  maxBytes?: number;
}

/** The first column names the row. A table that is too long ends with how many rows are missing. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions<Row>,
): Html {
  const maxBytes = options.maxBytes ?? Infinity;
  const shown: Html[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, options.maxRows)) {
    const line = tableRow(row, columns, options);
    bytes += Buffer.byteLength(line.markup);
    if (bytes > maxBytes) break;
    shown.push(line);
  }
  const cut =
    shown.length < rows.length &&
    html`<p class="note">
      The first ${shown.length.toLocaleString('en-US')} of ${rows.length.toLocaleString('en-US')}; the rest
      are in the database.
    </p>`;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${options.label}">
      <table>
        <thead>
          <tr>
            ${columns.map(({ heading, kind, figure }) => html`<th scope="col" ${kindClass(kind)}${figure !== undefined && html` data-figure="${figure}"`}>${heading}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown}
        </tbody>
        ${
          options.foot &&
          html`<tfoot>
            ${options.foot}
          </tfoot>`
        }
      </table>
    </div>
    ${cut}`;
}

function tableRow<Row>(row: Row, columns: readonly Column<Row>[], options: TableOptions<Row>): Html {
  const highlight = options.highlight?.(row) === true;
  return html`<tr${highlight && html` class="now"`}${options.key && html` data-key="${options.key(row)}"`}>${columns.map(
    ({ cell, kind, value }, i) => {
      const said = value && html` data-value="${figureValue(value(row))}"`;
      return i === 0
        ? html`<th scope="row" ${kindClass(kind)}${said}>${cell(row)}</th>`
        : html`<td${kindClass(kind)}${said}>${cell(row)}</td>`;
    },
  )}</tr>\n`;
}

function kindClass(kind: Column<never>['kind']): Html | false {
  return kind !== undefined && html` class="${cellClass[kind]}"`;
}

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

const toneGlyph: Record<Tone, string> = { good: '✓', warn: '!', bad: '✕', quiet: '·' };

/** A word with its sign: the colour is never alone. */
export function verdict(tone: Tone, word: string): Html {
  return html`<span class="verdict ${tone}">${toneGlyph[tone]} ${word}</span>`;
}
