/** How the run went: when each phase and batch worked, and what the rows say of it. */
import type { Batch } from '../../../../ledger/batches.ts';
import type { Unit } from '../../../../ledger/units.ts';
import { timelineChart } from '../../../../pages/charts/bars.ts';
import { figureOf } from '../../../../pages/charts/render.ts';
import { clipped, count, dash, moment, seconds } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Html } from '../../../../pages/page.ts';
import { secondsBetween, statusTone, unbroken } from '../../../../pages/sections/common.ts';
import type { DailyReport } from '../data.ts';

/** More batches than this are a heap of bars; the table of batches has every one. */
const maxBatches = 40;

export function timelineSection({ run, phases, batches }: DailyReport): Html {
  const reused = (phase: Unit) => phase.detail['reused'] === true;
  const ran = (phase: Unit) => !reused(phase) && phase.startedAt !== null && phase.finishedAt !== null;
  const took = (phase: Unit) => (ran(phase) ? secondsBetween(phase.startedAt, phase.finishedAt) : null);
  const columns: Column<Unit>[] = [
    { heading: 'Phase', cell: (phase) => clipped(phase.unit, 40), kind: 'key' },
    {
      heading: 'Verdict',
      figure: 'units.verdict',
      value: ({ verdict: word }) => word,
      cell: (phase) =>
        phase.unit === 'report' && phase.finishedAt === null
          ? verdict('quiet', 'this page')
          : verdict(statusTone(phase.verdict), phase.verdict),
      kind: 'key',
    },
    {
      heading: 'Work',
      cell: (phase) => (reused(phase) ? 'reused' : ran(phase) ? 'computed' : dash),
      kind: 'key',
    },
    numbers('Attempt', 'units.attempt', ({ attempt }) => attempt, count),
    numbers('Rows due', 'units.rows_due', ({ rowsDue }) => rowsDue, count),
    numbers('Rows found', 'units.rows_found', ({ rowsFound }) => rowsFound, count),
    numbers('Time', 'units.seconds', took, seconds),
  ];
  const bars = timelineRows(run.claimedAt, phases.filter(ran), batches.slice(0, maxBatches));
  const reasons = phases.filter((phase) => phase.reason !== null);
  return section(
    'Phases',
    html`Started ${unbroken(moment(run.claimedAt))}. A verdict comes from the rows that were found, never from
    what a job says of itself.`,
    html`${
      bars.length > 1 &&
      figureOf(
        timelineChart({
          id: 'timeline',
          title: 'When each phase and batch worked',
          description: bars
            .map(({ name, from, to }) => `${name}: from ${seconds(from)} to ${seconds(to)}.`)
            .join(' '),
          rows: bars,
          tick: seconds,
        }),
      )
    }
    ${table(phases, columns, { label: 'Phases with verdict, rows and time', key: ({ unit }) => unit })}
    ${reasons.map((phase) => html`<p class="note"><strong>${clipped(phase.unit, 40)}</strong>: ${clipped(phase.reason, 600)}</p>`)}`,
  );
}

/** Each phase that worked in this start of the run, with its batches below it, in seconds since the start. */
function timelineRows(start: Date, phases: readonly Unit[], batches: readonly Batch[]) {
  const span = (name: string, from: Date | null, to: Date | null, kind: 'phase' | 'batch') => {
    const [begin, end] = [secondsBetween(start, from), secondsBetween(start, to)];
    return begin === null || end === null || begin < 0 ? [] : [{ name, from: begin, to: end, kind }];
  };
  return phases.flatMap((phase) => [
    ...span(phase.unit, phase.startedAt, phase.finishedAt, 'phase'),
    ...batches
      .filter(({ unit }) => unit === phase.unit)
      .flatMap((batch) =>
        span(
          `${batch.job}${batch.attempt > 1 ? ` (${batch.attempt})` : ''}`,
          batch.startedAt ?? batch.submittedAt,
          batch.finishedAt,
          'batch',
        ),
      ),
  ]);
}
