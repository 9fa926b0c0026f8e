/** When each batch worked, on the run's own clock; what was done again and what failed can be seen. */
import type { BatchTrouble } from '../../../pages/batches.ts';
import { clipped, count, moment, seconds } from '../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../pages/page.ts';
import type { Column, Html } from '../../../pages/page.ts';
import { plural, statusTone, unbroken } from '../../../pages/sections/common.ts';
import type { BackfillReport, BatchBar } from './content.ts';

/** Bars of one lane that overlap lie below each other; what overlaps more than this shares the last line. */
const mostLines = 8;

export function timelineSection(report: BackfillReport): Html {
  const { run, batches, troubles } = report;
  const total = Math.max(0, ...batches.map(({ ended }) => ended));
  const lanes = [...new Set(batches.map(({ lane }) => lane))];
  const together = batches.some((bar) => bar.batches > 1);
  return section(
    'Batches on the clock',
    html`Start ${count(run.attempt)}, ${unbroken(moment(run.claimedAt))}.
    ${together && 'Batches that began together are one bar.'} Several lines of a lane worked at the same time.`,
    batches.length === 0
      ? html`<p class="note">This start needed no batch: everything was whole already.</p>
          ${troublesTable(troubles)}`
      : html`<ul class="signs">
            <li>
              <span class="sign"><i class="bar"></i></span>worked
            </li>
            ${
              batches.some(isAgain) &&
              html`<li>
                <span class="sign"><i class="bar again"></i></span>again, or watched by another worker
              </li>`
            }
            ${
              batches.some(({ failed }) => failed > 0) &&
              html`<li>
                <span class="sign"><i class="bar bad"></i></span>failed
              </li>`
            }
            ${
              batches.some(({ partly }) => partly > 0) &&
              html`<li>
                <span class="sign"><i class="bar part"></i></span>done, but some of its dates failed
              </li>`
            }
            ${
              batches.some(({ cancelled }) => cancelled > 0) &&
              html`<li>
                <span class="sign"><i class="bar ended"></i></span>cancelled
              </li>`
            }
            ${
              batches.some(({ open }) => open > 0) &&
              html`<li>
                <span class="sign"><i class="bar still"></i></span>at work
              </li>`
            }
          </ul>
          <div class="clock" role="img" aria-label="${inWords(batches, lanes)}">
            ${lanes.map((lane) => laneOf(lane, batches, total))}
            <div class="ticks">
              <span></span
              ><span
                >${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<span>${part === 0 ? '0' : seconds(total * part)}</span>`)}</span
              >
            </div>
          </div>
          ${troublesTable(troubles)}`,
  );
}

function laneOf(lane: string, batches: readonly BatchBar[], total: number): Html {
  const lines: number[] = [];
  const bars = batches
    .filter((bar) => bar.lane === lane)
    .map((bar) => {
      const free = lines.findIndex((end) => end <= bar.begun + total / 1000);
      const line = free >= 0 ? free : Math.min(lines.length, mostLines - 1);
      lines[line] = Math.max(bar.ended, lines[line] ?? 0);
      const left = hundredth(bar.begun, total);
      const width = Math.max(0, hundredth(bar.ended, total) - left);
      return html`<i
        class="bar${kind(bar)}"
        style="left:${left}%;width:${Number(width.toFixed(2))}%;top:${line * 13 + 2}px"
        title="${titleOf(bar)}"
      ></i>`;
    });
  return html`<div class="lane">
    <b>${laneName(lane)}</b>
    <div class="bars" style="--n:${Math.max(1, lines.length)}">${bars}</div>
  </div>`;
}

const jobNames: Record<string, string> = {
  forecast_train: 'training',
  forecast_infer: 'forecasts',
  forecast_audit: 'audit',
  forecast_evaluate: 'evaluation',
};

export function laneName(lane: string): string {
  return jobNames[lane] ?? clipped(lane, 40);
}

const isAgain = ({ attempt, watchers }: BatchBar) => attempt > 1 || watchers > 1;

function kind(bar: BatchBar): string {
  if (bar.failed > 0) return ' bad';
  if (bar.partly > 0) return ' part';
  if (bar.cancelled > 0) return ' ended';
  if (bar.open > 0) return ' still';
  return isAgain(bar) ? ' again' : '';
}

function titleOf(bar: BatchBar): string {
  const what = bar.batches === 1 ? clipped(bar.unit, 40) : plural(bar.batches, 'batch', 'batches');
  const attempt = bar.attempt > 1 ? `, attempt ${bar.attempt}` : '';
  const watchers = bar.watchers > 1 ? `, ${bar.watchers} watchers` : '';
  return `${what}${attempt}${watchers}: ${seconds(bar.begun)} – ${seconds(bar.ended)}, ${stateOf(bar)}`;
}

function stateOf(bar: BatchBar): string {
  const number = (count: number, word: string) => (bar.batches === 1 ? word : `${count} ${word}`);
  const why = `${bar.errorType === null ? '' : ` (${bar.errorType})`}${bar.message === null ? '' : `: ${clipped(bar.message, 90)}`}`;
  if (bar.failed > 0) return `${number(bar.failed, 'failed')}${why}`;
  if (bar.partly > 0) return `${number(bar.partly, 'done in part')}${why}`;
  if (bar.cancelled > 0) return number(bar.cancelled, 'cancelled');
  return bar.open > 0 ? number(bar.open, 'at work') : 'done';
}

function hundredth(at: number, total: number): number {
  return total <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, at / total)) * 10_000) / 100;
}

function inWords(batches: readonly BatchBar[], lanes: readonly string[]): string {
  return lanes
    .map((lane) => {
      const bars = batches.filter((bar) => bar.lane === lane);
      const number = bars.reduce((sum, bar) => sum + bar.batches, 0);
      const failed = bars.reduce((sum, bar) => sum + bar.failed + bar.partly, 0);
      const from = seconds(Math.min(...bars.map(({ begun }) => begun)));
      const to = seconds(Math.max(...bars.map(({ ended }) => ended)));
      return `${laneName(lane)}: ${plural(number, 'batch', 'batches')} from ${from} to ${to}${failed > 0 ? `, ${failed} of them failed, or in part` : ''}.`;
    })
    .join(' ');
}

/** Columns of batches that did not succeed: which it was, and how it ended. */
export const whichBatch: Column<BatchTrouble>[] = [
  { heading: 'Batch', cell: ({ batchId }) => html`<code>${clipped(batchId, 60)}</code>`, kind: 'key' },
  { heading: 'Unit', cell: ({ unit }) => clipped(unit, 40), kind: 'key' },
];
export const howItEnded: Column<BatchTrouble>[] = [
  {
    heading: 'State',
    cell: ({ state }) => verdict(statusTone(state), state.toLowerCase().replace('_', ' ')),
    kind: 'key',
  },
  {
    heading: 'Why',
    cell: ({ errorType, message }) =>
      html`${errorType !== null && html`${clipped(errorType, 40)}: `}${clipped(message, 240)}`,
    kind: 'words',
  },
  { heading: 'When', cell: ({ at }) => unbroken(moment(at)), kind: 'key' },
];

function troublesTable({ rows, all }: BackfillReport['troubles']): Html | false {
  if (rows.length === 0) return false;
  return html`${table(
    rows,
    [...whichBatch, numbers('Attempt', 'batches.attempt', ({ attempt }) => attempt, count), ...howItEnded],
    { label: 'Batches that did not succeed, of all starts', key: ({ batchId }) => batchId, maxBytes: 40_000 },
  )}
  ${all > rows.length && html`<p class="note">The newest ${count(rows.length)} of ${count(all)} that did not succeed.</p>`}`;
}
