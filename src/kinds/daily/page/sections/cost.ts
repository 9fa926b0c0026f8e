import { shippedEngines } from '../../../../engines/index.ts';
/** What the run cost: processor, memory and time of everything that was handed to an engine. */
import type { DailyReport, ReportedBatch } from '../data.ts';
import { figure } from '../../../../pages/figures.ts';
import { clipped, count, megabytes, seconds } from '../../../../pages/format.ts';
import { html, numbers, section, table, verdict } from '../../../../pages/page.ts';
import type { Column, Html } from '../../../../pages/page.ts';
import { latest, reasonLength, secondsBetween, statusTone } from '../../../../pages/sections/common.ts';
import { estimatesTable, fallbackNotes, priceInWords } from '../../../../pages/sections/estimates.ts';
import type { Estimated } from '../../../../pages/sections/estimates.ts';

export function costSection({ run, phases, batches, fallbacks }: DailyReport): Html {
  type Row = (typeof batches)[number];
  const used = batches.flatMap(({ usage }) => usage ?? []);
  const wall = secondsBetween(
    run.claimedAt,
    run.finishedAt ?? latest(phases.map((phase) => phase.finishedAt)),
  );
  const total = {
    seconds: used.reduce((sum, usage) => sum + usage.seconds, 0),
    cpu: used.reduce((sum, usage) => sum + usage.cpuSeconds, 0),
    peak: used.length === 0 ? null : Math.max(...used.map((usage) => usage.peakMb)),
  };
  const columns: Column<Row>[] = [
    { heading: 'Batch', cell: (batch) => html`<code>${batch.batchId}</code>`, kind: 'key' },
    { heading: 'Job', cell: (batch) => clipped(batch.job, 40), kind: 'key' },
    { heading: 'Engine', cell: (batch) => batch.engine, kind: 'key' },
    {
      heading: 'State',
      cell: (batch) => verdict(statusTone(batch.state), batch.state.toLowerCase()),
      kind: 'key',
    },
    numbers('Attempt', 'batches.attempt', ({ attempt }) => attempt, count),
    numbers('Watchers', 'batches.watchers', ({ watchers }) => watchers, count),
    numbers('Time', 'batches.seconds', ({ usage }) => usage?.seconds, seconds),
    numbers('CPU', 'batches.cpu_seconds', ({ usage }) => usage?.cpuSeconds, seconds),
    numbers('Peak memory', 'batches.peak_mb', ({ usage }) => usage?.peakMb, megabytes),
  ];
  const foot = html`<tr>
    <th scope="row" colspan="6">All together; the highest memory</th>
    <td class="n">${figure('cost.batch_seconds', total.seconds, seconds(total.seconds))}</td>
    <td class="n">${figure('cost.cpu_seconds', total.cpu, seconds(total.cpu))}</td>
    <td class="n">${figure('cost.peak_mb', total.peak, megabytes(total.peak))}</td>
  </tr>`;
  const estimated = batches.map(estimatedOf);
  const engines = [...new Set(batches.map(({ engine }) => engine))];
  const unlucky = batches.filter((batch) => batch.stateMessage !== null && batch.state !== 'SUCCEEDED');
  return section(
    'Cost of the run',
    html`${figure('cost.run_seconds', wall, seconds(wall))} from the start to the newest phase, start
    ${figure('runs.attempt', run.attempt, count(run.attempt))}. More than one watcher of a batch means that a
    worker went away and the next one took over.`,
    batches.length === 0
      ? html`<p class="note">No batch was needed.</p>`
      : html`<p class="lead">${priceInWords(estimated, engines, shippedEngines)}</p>
          ${fallbackNotes(fallbacks)}
          ${table(batches, columns, { label: 'Batches with engine, time and memory', key: ({ batchId }) => batchId, maxRows: 200, foot })}
          ${unlucky.slice(0, 20).map((batch) => html`<p class="note"><code>${batch.batchId}</code> ${batch.errorType}: ${clipped(batch.stateMessage, reasonLength * 2)}</p>`)}
          ${estimatesTable(estimated, 'batches', 'Batch')}`,
  );
}

function estimatedOf({ batchId, usage, costEstimate, costActual, eventLog }: ReportedBatch): Estimated {
  return {
    key: batchId,
    name: html`<code>${batchId}</code>`,
    expectedSeconds: costEstimate?.seconds,
    seconds: costActual?.seconds ?? usage?.seconds,
    expectedCoreSeconds: costEstimate?.coreSeconds,
    coreSeconds: costActual?.coreSeconds,
    expectedUsd: costEstimate?.usd,
    usd: costActual?.usd,
    cpuSeconds: eventLog?.cpuSeconds,
    offeredCoreSeconds: eventLog?.offeredCoreSeconds,
    // 0 where Spark had no time to measure.
    executorMb: eventLog?.peakExecutorMb || null,
  };
}
