/** The verdict of every date: years as rows, time from left to right, equal neighbours in one piece. */
import type { Verdict } from '../../../ledger/units.ts';
import { figure } from '../../../pages/figures.ts';
import { clipped, count } from '../../../pages/format.ts';
import { html, section, table, verdict } from '../../../pages/page.ts';
import type { Html, Tone } from '../../../pages/page.ts';
import { plural, unbroken } from '../../../pages/sections/common.ts';
import { addDays, daysBetween } from '../../../planning/days.ts';
import type { Day } from '../../../planning/days.ts';
import type { BackfillReport, CalendarCell, OpenRange } from './content.ts';

const verdicts: Verdict[] = ['complete', 'partial', 'missing', 'failed', 'quarantined', 'skipped'];
const months = ['J', 'F', 'M', 'A', 'M', 'J', 'J', 'A', 'S', 'O', 'N', 'D'];

/** Beyond a week it is no weekend and no holiday: nothing was due there. */
const longestPause = 7;
/** Share of a year from which on a piece has room for its letter. */
const roomForLetter = 0.035;

/** Null for a run without dates. */
export function calendarSection(report: BackfillReport): Html | null {
  const { totals, calendar } = report;
  if (totals.length === 0) return null;
  const years = [...new Set(calendar.cells.map(({ year }) => year))];
  const from = Math.min(...years);
  const to = Math.max(...years);
  return section(
    'Every date',
    html`Rows found against rows due, looked up in the database date by date. Equal neighbours are one piece;
    hold the pointer over it for the figures.
    ${calendar.granularity !== 'day' && html`<strong>One cell is a ${calendar.granularity}</strong> and shows the worst of its dates.`}`,
    html`<ul class="signs">
        ${verdicts.map((each) => {
          const dates = totals.reduce((sum, model) => sum + model[each], 0);
          return (
            dates > 0 &&
            html`<li>
              <span class="sign"><i class="${each}"></i></span>${each}
              ${figure('dates', dates, count(dates), each)}
            </li>`
          );
        })}
      </ul>
      <div class="calendars">${report.models.map((model) => yearsOf(report, model, { from, to }))}</div>
      ${openList(report)}`,
  );
}

function yearsOf(report: BackfillReport, model: string, { from, to }: { from: number; to: number }): Html {
  const totals = report.totals.find(({ modelVersion }) => modelVersion === model)!;
  const cells = report.calendar.cells.filter(({ modelVersion }) => modelVersion === model);
  const byYear = new Map<number, CalendarCell[]>();
  for (const cell of cells) byYear.set(cell.year, [...(byYear.get(cell.year) ?? []), cell]);
  const number = to - from + 1;
  const size = number > 45 ? ' crowd' : number > 20 ? ' many' : '';
  const labelEvery = number > 45 ? 5 : number > 20 ? 2 : 1;
  const said = verdicts
    .filter((each) => totals[each] > 0)
    .map((each) => `${count(totals[each])} ${each}`)
    .join(', ');
  return html`<div>
    <h3>
      ${model}
      <small
        >${figure('units.rows_found', totals.rowsFound, count(totals.rowsFound), model)} of
        ${figure('units.rows_due', totals.rowsDue, count(totals.rowsDue), model)} rows</small
      >
    </h3>
    <div
      class="years${size}"
      role="img"
      aria-label="${`${model}, ${totals.first} to ${totals.last}: ${plural(totals.dates, 'date')}, ${said}. What is not complete is listed below.`}"
    >
      <div class="ruler"><span></span><span>${months.map((month) => html`<span>${month}</span>`)}</span></div>
      ${Array.from({ length: number }, (_, i) => {
        const year = from + i;
        return html`<div class="y">
          <b>${year % labelEvery === 0 && year}</b>
          <div class="row">
            ${pieces(byYear.get(year) ?? [], byYear.get(year - 1)?.at(-1)?.last, byYear.get(year + 1)?.[0]?.first)}
          </div>
        </div>`;
      })}
    </div>
  </div>`;
}

/** A year's pieces; `before` is the last date of the year before, `after` the first of the next. */
function pieces(cells: readonly CalendarCell[], before?: Day, after?: Day): Html[] {
  // Weekends belong to what came before them: a whole year is whole to the eye too.
  const isNear = (from: Day | undefined, to: Day | undefined): boolean =>
    from !== undefined && to !== undefined && daysBetween(from, to) <= longestPause;
  return cells.map((cell, i) => {
    const newYear = `${cell.year}-01-01`;
    const length = daysBetween(newYear, `${cell.year + 1}-01-01`);
    const next = cells[i + 1]?.first ?? after;
    const from = i === 0 && isNear(before, cell.first) ? 0 : daysBetween(newYear, cell.first) / length;
    const end = isNear(cell.last, next) ? next! : addDays(cell.last, 1);
    const to = Math.min(1, daysBetween(newYear, end) / length);
    return html`<i
      class="cell ${cell.verdict}${to - from > roomForLetter && ' w'}"
      style="left:${hundredth(from)}%;width:${hundredth(to - from)}%"
      title="${titleOf(cell)}"
    ></i>`;
  });
}

function titleOf({ first, last, dates, open, verdict: word, found, due, reason }: CalendarCell): string {
  const range = first === last ? first : `${first} – ${last}`;
  const what =
    dates === 1 || open === 0 || open === dates
      ? word
      : `${count(open)} of them not complete, worst: ${word}`;
  const rows = word === 'skipped' ? '' : `, ${count(found)} of ${count(due)} rows`;
  return `${range}: ${plural(dates, 'date')}, ${what}${rows}${reason === null ? '' : `. ${clipped(reason, 64)}`}`;
}

function hundredth(share: number): number {
  return Math.round(share * 10_000) / 100;
}

/** The same in words, for a screen reader and for paper: only what is not complete. */
function openList({ open, totals, run }: BackfillReport): Html {
  const ranges = open.ranges.filter(({ kind }) => kind === 'date');
  if (ranges.length === 0) {
    const dates = totals.reduce((sum, model) => sum + model.dates, 0);
    return html`<p class="note">
      ${verdict('good', 'Every date is complete')}: ${count(dates)} of ${count(dates)}; there is no range to
      list.
    </p>`;
  }
  return html`<div class="apart">${rangesTable(ranges, 'Ranges of dates that are not complete')}</div>
    ${
      open.all > open.ranges.length &&
      html`<p class="note">
        ${count(open.all - open.ranges.length)} more ranges; all of them:
        <code>npx sevenfold why ${clipped(run.key, 160)}</code>.
      </p>`
    }`;
}

export function toneOf(word: Verdict): Tone {
  if (word === 'complete') return 'good';
  if (word === 'skipped') return 'quiet';
  return word === 'partial' || word === 'missing' ? 'warn' : 'bad';
}

/** A few thousand bytes a row at the very worst, so that a page full of them stays small. */
const mostBytes = 90_000;

export function rangesTable(ranges: readonly OpenRange[], label: string): Html {
  return table(
    ranges,
    [
      { heading: 'Model', cell: ({ modelVersion }) => clipped(modelVersion, 40), kind: 'key' },
      { heading: 'Range', cell: rangeOf, kind: 'key' },
      {
        heading: 'Dates',
        figure: 'range.dates',
        value: ({ dates }) => dates,
        cell: ({ dates }) => count(dates),
        kind: 'number',
      },
      { heading: 'Verdict', cell: (row) => verdict(toneOf(row.verdict), row.verdict), kind: 'key' },
      {
        heading: 'Rows found',
        figure: 'range.rows_found',
        value: ({ found }) => found,
        cell: ({ found }) => count(found),
        kind: 'number',
      },
      {
        heading: 'Due',
        figure: 'range.rows_due',
        value: ({ due }) => due,
        cell: ({ due }) => count(due),
        kind: 'number',
      },
      { heading: 'Reason', cell: ({ reason }) => clipped(reason, 200), kind: 'words' },
    ],
    { label, key: ({ modelVersion, first }) => `${modelVersion}/${first}`, maxBytes: mostBytes },
  );
}

export function rangeOf({ first, last }: { first: Day; last: Day }): Html {
  return unbroken(first === last ? first : `${first} – ${last}`);
}
